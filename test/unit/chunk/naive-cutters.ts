/** The rules of the cutters in the fewest words, to hold the fast ones against. */
import { buzhashTable } from "../../../src/chunk/buzhash-table.ts";
import { discriminatorOf } from "../../../src/chunk/casync-finder.ts";
import { gearTable } from "../../../src/chunk/gear.ts";
import type { CutterSpec } from "../../../src/chunk/cutter.ts";

/** Offsets one past each chunk, the last one included. */
export function naiveCut(bytes: Uint8Array, spec: CutterSpec): number[] {
  const isEnd = rules[spec.name]!(bytes, spec);
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

const rules: Record<string, (bytes: Uint8Array, spec: CutterSpec) => Rule> = {
  cafs: naiveCafs,
  fastcdc: naiveFastcdc,
  fixed: () => () => false,
  casync: naiveCasync,
};

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
  const hashes = new Uint32Array(bytes.length);
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) {
    hash = ((hash << 1) + gear[bytes[i]!]!) | 0;
    hashes[i] = hash;
  }
  const [strict, loose] = [2 ** (32 - bits - 2), 2 ** (32 - bits + 2)];
  return (end, size) => hashes[end - 1]! < (size < spec.averageBytes ? strict : loose);
}

/** Each window is hashed anew, and its hash divided. */
function naiveCasync(bytes: Uint8Array, spec: CutterSpec): Rule {
  const words = buzhashTable();
  const divisor = discriminatorOf(spec);
  return (end, size) => {
    if (size < 48) return false;
    let hash = 0;
    for (let at = end - 48; at < end; at++) hash = ((hash << 1) | (hash >>> 31)) ^ words[bytes[at]!]!;
    return (hash >>> 0) % divisor === divisor - 1;
  };
}
