import type { Bytes } from "../types.ts";
import { isCandidate, passes, windowBytes } from "./cafs-finder.ts";
import { cafsSpec } from "./cutter-specs.ts";

/** s1 and 8 * S2 + s1 of a window of zeros, which is what a chunk begins with. */
const zerosS1 = 1;
const zerosV = 8 * windowBytes + zerosS1;

/**
 * The CAFS rule for bytes that come in blocks of any size, with its checksum in the open. Where a
 * whole buffer can be filled, `createCutter` finds the same ends several times faster.
 *
 * @see docs/cutters.md, cafs
 */
export class CafsScanner {
  #countBytes = 0;
  #s1 = zerosS1;
  #v = zerosV;
  readonly #window = new Uint8Array(windowBytes);
  /** Where the oldest byte of the window is. */
  #oldestAt = 0;

  /** Bytes of the current chunk so far. */
  get countBytes(): number {
    return this.#countBytes;
  }

  /** The Adler-32 of the last 48 bytes, or of those that there are. */
  get checksum(): number {
    const missing = Math.max(0, windowBytes - this.#countBytes);
    const s2 = (this.#v - this.#s1) / 8 - missing;
    return (s2 % 65521) * 65536 + this.#s1;
  }

  /**
   * Takes bytes up to the next boundary.
   *
   * @returns how many belong to the current chunk: all, if no boundary was found; otherwise offer
   *   the rest again, it begins the next chunk
   */
  scan(block: Bytes): number {
    const window = this.#window;
    const { minBytes, maxBytes } = cafsSpec;
    let count = this.#countBytes;
    let s1 = this.#s1;
    let v = this.#v;
    let at = this.#oldestAt;
    for (let i = 0; i < block.length; i++) {
      const newest = block[i]!;
      const oldest = window[at]!;
      const change = (newest - oldest) | 0;
      s1 = (s1 + change) | 0;
      v = (v + (s1 << 3) + (change - Math.imul(oldest, 384)) - 8) | 0;
      window[at] = newest;
      at = at === window.length - 1 ? 0 : at + 1;
      if (++count <= minBytes) continue;
      if (count > maxBytes || (passes(v) && isCandidate(s1, (v - s1) / 8))) {
        this.#reset();
        return i;
      }
    }
    this.#countBytes = count;
    this.#s1 = s1;
    this.#v = v;
    this.#oldestAt = at;
    return block.length;
  }

  #reset(): void {
    this.#countBytes = 0;
    this.#s1 = zerosS1;
    this.#v = zerosV;
    this.#window.fill(0);
    this.#oldestAt = 0;
  }
}
