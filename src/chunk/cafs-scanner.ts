import type { Bytes } from "../types.ts";
import { isCandidate, windowBytes } from "./cafs-finder.ts";
import { cafsSpec } from "./cutter-specs.ts";

/**
 * The CAFS rule a byte at a time, with its checksum in the open. For blobs use `createCutter`: it finds the
 * same ends many times faster.
 *
 * @see docs/cutters.md, cafs
 */
export class CafsScanner {
  /** Bytes of the current chunk so far. */
  countBytes = 0;
  #s1 = 1;
  #s2 = 0;
  readonly #window = new Uint8Array(windowBytes);

  /** The Adler-32 of the last 48 bytes, or of those that there are. */
  get checksum(): number {
    return (this.#s2 % 65521) * 65536 + this.#s1;
  }

  /**
   * Takes bytes up to the next boundary.
   *
   * @returns how many belong to the current chunk: all, if no boundary was found; otherwise offer the rest
   *   again, it begins the next chunk
   */
  scan(block: Bytes): number {
    for (let i = 0; i < block.length; i++) {
      this.#roll(block[i]!);
      if (this.countBytes <= cafsSpec.minBytes) continue;
      if (this.countBytes > cafsSpec.maxBytes || isCandidate(this.#s1, this.#s2)) {
        this.#reset();
        return i;
      }
    }
    return block.length;
  }

  #roll(newest: number): void {
    const at = this.countBytes++ % windowBytes;
    if (this.countBytes <= windowBytes) {
      this.#s1 += newest;
      this.#s2 += this.#s1;
    } else {
      const oldest = this.#window[at]!;
      this.#s1 += newest - oldest;
      this.#s2 += this.#s1 - windowBytes * oldest - 1;
    }
    this.#window[at] = newest;
  }

  #reset(): void {
    this.countBytes = 0;
    this.#s1 = 1;
    this.#s2 = 0;
  }
}
