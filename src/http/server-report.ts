import type { SyncError } from "../errors.ts";

/** A request that was refused. */
export interface RefusalReport {
  readonly type: "refusal";
  /** What was asked for, without the query; absent when no request could be read. */
  readonly method?: string;
  readonly path?: string;
  readonly address: string;
  /** Bytes that had come over the connection. */
  readonly receivedBytes: number;
  readonly error: SyncError;
}

/** A single file that was sent, or of which a part was. */
export interface FileReport {
  readonly type: "file";
  /** Who fetched it: a token's name and an address. */
  readonly name: string;
  readonly address: string;
  /** Which, as it stands in a URL. */
  readonly path: string;
  readonly sentBytes: number;
  readonly error?: SyncError;
}
