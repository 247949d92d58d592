/** The rules of the cutters in the fewest words, to hold the fast ones against. */
import { gearTable } from "../../../src/chunk/gear.ts";
import type { CutterSpec } from "../../../src/chunk/cutter.ts";

/** Offsets one past each chunk, the last one included. */
export function naiveCut(bytes: Uint8Array, spec: CutterSpec): number[] {
  const isEnd = { cafs: naiveCafs, fastcdc: naiveFastcdc, fixed: () => () => false }[spec.name](bytes, spec);
  const ends: number[] = [];
  let start = 0;
  for (let end = 1; end <= bytes.length; end++) {
    const size = end - start;
    const cut = size >= spec.minBytes && isEnd(end, size);
    if (!cut && size < spec.maxBytes && end < bytes.length) continue;
    ends.push(end);
    start = end;
  }
  return ends;
}

/** Whether a chunk of `size` bytes may end before the byte at `end`. */
type Rule = (end: number, size: number) => boolean;

/** The sums of a window are made anew for each of its places. */
function naiveCafs(bytes: Uint8Array): Rule {
  return (end) => {
    if (end === bytes.length) return false;
    let s1 = 1;
    let s2 = 48;
    for (let j = 0; j < 48; j++) {
      s1 += bytes[end - 47 + j]!;
      s2 += (48 - j) * bytes[end - 47 + j]!;
    }
    return ((s2 % 65521) * 65536 + s1) % 8191 === 4159;
  };
}

/** One hash rolls over all bytes of the blob: it is never set back, and no byte is left out. */
function naiveFastcdc(bytes: Uint8Array, spec: CutterSpec): Rule {
  const gear = gearTable();
  const bits = Math.log2(spec.averageBytes);
  let hash = 0;
  const hashes = Uint32Array.from(bytes, (byte) => (hash = ((hash << 1) + gear[byte]!) | 0));
  return (end, size) => hashes[end - 1]! < 2 ** (32 - (size < spec.averageBytes ? bits + 2 : bits - 2));
}
