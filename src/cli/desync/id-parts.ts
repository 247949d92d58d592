import type { Bytes } from "../../types.ts";
import { viewOf } from "../../casync/words.ts";
import { indexItemBytes } from "../../casync/index-header.ts";
import { fileBytesOf } from "./blob-bytes.ts";

/** What is held of an index, as far as that can be read again. */
export const idPartLimits = Object.freeze({
  /** Chunks whose ids are held at a time. */
  heldIdCount: 650_000,
});

/** Whether an id is in a part of all. */
export type IdPart = (id: Bytes) => boolean;

/**
 * Parts of all ids, for each of which an index is read once: of one of any length no more ids are
 * held than a part has. An index that is no file can be read but once, and is one part.
 */
export function idParts(place: string): readonly IdPart[] {
  const chunkCount = (fileBytesOf(place) ?? 0) / indexItemBytes;
  const partCount = Math.max(1, Math.ceil(chunkCount / idPartLimits.heldIdCount));
  return Array.from(
    { length: partCount },
    (_, part) => (id) => Math.floor((viewOf(id).getUint32(0) * partCount) / 2 ** 32) === part,
  );
}
