import type { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { Job } from "../../job.ts";

/** What the sender's half of the level needs from its session. */
export interface PiecesHost<File> {
  send(type: "SAME" | "PIECES", payload: Bytes): void;
  /** @param contentBytes how much of the payload is content of files */
  sendContent(type: "DELTA" | "PART", payload: Bytes, contentBytes: number): void;
  /** The receiver has so much content that was announced, or less when what it has was wrong. */
  reused(bytes: number): void;
  /** The file goes by its chunks from here on: pushed, or asked about. */
  cut(job: Job<File>, how: "pushed" | "asked"): void;
  /** All of the file was announced. */
  listed(job: Job<File>): void;
  /** What was said of it by `listed` does not hold. */
  unlisted(job: Job<File>): void;
  /** A file cannot be sent. */
  fail(job: Job<File>, reason: SyncError): void;
}
