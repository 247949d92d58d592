import type { Bytes } from "../types.ts";
import { viewOf } from "./words.ts";

const frameMagic = 0xfd2fb528;
/** The last digit of the magic number of a frame without content may be any. */
const skippableMagic = 0x184d2a50;
const maxBlockBytes = 131_072;
/** Bytes of a field by the two bits that say so. */
const dictionaryBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;

/** Kinds of blocks, by two bits. */
const rawBlock = 0;
const repeatedByteBlock = 1;
const compressedBlock = 2;

/**
 * The most bytes that frames of zstd can expand to, by the blocks that they have. Undefined for
 * what is not a row of frames to its last byte.
 */
export function expandedBound(stored: Bytes): number | undefined {
  const view = viewOf(stored);
  let bound = 0;
  try {
    for (let at = 0; at < stored.length;) {
      const magic = view.getUint32(at, true);
      if (magic >>> 4 === skippableMagic >>> 4) at += 8 + view.getUint32(at + 4, true);
      else if (magic === frameMagic) [at, bound] = blocksOf(view, at, bound);
      else return undefined;
      if (at > stored.length) return undefined;
    }
    return bound;
  } catch {
    return undefined; // A field lies behind the end.
  }
}

/** Where a frame ends, and the bound with what its blocks may expand to. @throws RangeError */
function blocksOf(view: DataView, frameAt: number, before: number): [end: number, bound: number] {
  const descriptor = view.getUint8(frameAt + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 4) !== 0;
  const sizeBytes = contentSizeBytes[descriptor >> 6]! || (isSingleSegment ? 1 : 0);
  let at = frameAt + 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes[descriptor & 3]! + sizeBytes;
  let bound = before;
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const size = header >>> 3;
    const kind = (header >>> 1) & 3;
    isLast = (header & 1) === 1;
    at += 3 + (kind === repeatedByteBlock ? 1 : size);
    if (kind === rawBlock || kind === repeatedByteBlock) bound += size;
    else if (kind === compressedBlock) bound += maxBlockBytes;
    else throw new RangeError("no such block");
  }
  return [at + (hasChecksum ? 4 : 0), bound];
}
