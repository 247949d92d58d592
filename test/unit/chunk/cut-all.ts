import type { Cutter } from "../../../src/chunk/cutter.ts";

/** The ends of all chunks of a blob that is given to a cutter `blockBytes` at a time. */
export function cutAll(cutter: Cutter, bytes: Uint8Array, blockBytes = cutter.buffer.length): number[] {
  const ends: number[] = [];
  let start = 0;
  for (let read = 0; ;) {
    const to = Math.min(read + blockBytes, start + cutter.buffer.length, bytes.length);
    cutter.buffer.set(bytes.subarray(start, to));
    read = to;
    const found = Array.from(cutter.cut(to - start, to === bytes.length), (end) => start + end);
    ends.push(...found);
    if (to === bytes.length) return ends;
    start = found.at(-1) ?? start;
  }
}
