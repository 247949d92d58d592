import { equalBytes } from "../../../bytes/compare.ts";
import type { Bytes } from "../../../types.ts";
import type { ByteRange } from "../../entry/entry.ts";

/** How ranges that differ are told. */
export const rangeLimits = Object.freeze({
  /** Bytes of the blocks that are told as different as a whole. */
  comparedBlockBytes: 4096,
  /** Ranges of a file; what differs behind the last of them is counted to it. */
  toldRangeCount: 1000,
});

/** Where two versions of a file differ, by blocks that start at multiples of their size. */
export class DifferentRanges {
  #ranges: ByteRange[] = [];

  /** Compares what both have at an offset. */
  compare(offset: number, there: Bytes, wanted: Bytes): void {
    const { comparedBlockBytes } = rangeLimits;
    for (let at = 0; at < wanted.length;) {
      const end = Math.min(wanted.length, at + comparedBlockBytes - ((offset + at) % comparedBlockBytes));
      if (!equalBytes(there.subarray(at, end), wanted.subarray(at, end))) this.add(offset + at, end - at);
      at = end;
    }
  }

  add(offset: number, size: number): void {
    const last = this.#ranges.at(-1);
    if (last && last.offset + last.size === offset) this.#ranges.splice(-1, 1, joined(last, offset + size));
    else this.#ranges.push({ offset, size });
  }

  clear(): void {
    this.#ranges = [];
  }

  /** Returns them in order, those joined that touch each other. */
  list(): readonly ByteRange[] {
    const ranges: ByteRange[] = [];
    for (const range of this.#ranges.toSorted((a, b) => a.offset - b.offset)) {
      const last = ranges.at(-1);
      const isFull = ranges.length >= rangeLimits.toldRangeCount;
      if (last && (isFull || last.offset + last.size >= range.offset))
        ranges.splice(-1, 1, joined(last, range.offset + range.size));
      else ranges.push(range);
    }
    return ranges;
  }
}

function joined({ offset, size }: ByteRange, end: number): ByteRange {
  return { offset, size: Math.max(size, end - offset) };
}
