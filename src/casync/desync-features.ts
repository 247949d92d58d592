import type { Bytes } from "../types.ts";
import { recordTypes } from "./catar-records.ts";
import { casyncFeatures as f } from "./features.ts";
import { readWord, viewOf } from "./words.ts";

/** Bytes of content by which it is known for an archive. */
export const archiveStartBytes = 24;

const entryBytes = 64n;

/**
 * What desync writes into the index of a blob; into that of an archive also what the archive keeps.
 *
 * @param start the first `archiveStartBytes` of the blob, or as many as there are
 */
export function desyncBlobFeatures(start: Bytes): bigint {
  const bits = f.excludeNodump | f.sha512_256;
  if (start.length < archiveStartBytes) return bits;
  const view = viewOf(start);
  const isArchive = readWord(view, 0) === entryBytes && readWord(view, 8) === recordTypes.entry;
  return isArchive ? bits | readWord(view, 16) : bits;
}
