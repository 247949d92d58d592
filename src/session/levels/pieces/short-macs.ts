import { pieceMacBytes } from "../../../chunk/pieces.ts";
import type { Bytes } from "../../../types.ts";

/** The first `width` bytes of each MAC in a row of whole ones. */
export function shortMacs(macs: Bytes, width: number): Bytes {
  const count = macs.length / pieceMacBytes;
  const short = new Uint8Array(count * width);
  for (let i = 0; i < count; i++) {
    short.set(macs.subarray(i * pieceMacBytes, i * pieceMacBytes + width), i * width);
  }
  return short;
}
