import { concatBytes } from "../../../bytes/compare.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { maxPartBytes } from "./piece-bounds.ts";

/** A part of a new version: it is checked for itself, and comes again when it is wrong. */
export interface FilePart {
  readonly offset: number;
  readonly bytes: number;
  /** 16 bytes. */
  readonly mac: Bytes;
}

/** What the last group of a part says of it. */
export interface PartEnd {
  /** Its length; undefined for the last one, which has the rest of the file. */
  readonly bytes?: number;
  /** 16 bytes. */
  readonly mac: Bytes;
}

/**
 * The part of a file that starts at `offset`.
 *
 * @throws LIMIT for one that is longer than a part can be, or leaves nothing for the last one
 */
export function partOf({ bytes, mac }: PartEnd, offset: number, fileBytes: number): FilePart {
  const rest = fileBytes - offset;
  if (bytes !== undefined && (bytes === 0 || bytes >= rest))
    throw new SyncError("LIMIT", "the parts of a file are as long as the file before its last one");
  const part = { offset, bytes: bytes ?? rest, mac };
  if (part.bytes <= maxPartBytes) return part;
  throw new SyncError("LIMIT", `a part of a file of ${part.bytes} bytes`);
}

/** Encodes the content of a part, or that it cannot be read any more: a PART payload. */
export function encodePart(content: Bytes | undefined): Bytes {
  return concatBytes([Uint8Array.of(content ? 0 : 1), ...(content ? [content] : [])]);
}

/** Undefined for one that could not be read. @throws BAD_MESSAGE */
export function decodePart(payload: Bytes): Bytes | undefined {
  const [flag] = payload;
  if (flag === 0) return payload.subarray(1);
  if (flag === 1 && payload.length === 1) return undefined;
  throw new SyncError("BAD_MESSAGE", "an unknown form of a part of a file");
}
