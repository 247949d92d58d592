import type { Pause } from "../../../bytes/pause.node.ts";
import type { ChunkId } from "../../../chunk/chunk.ts";
import type { Bytes } from "../../../types.ts";
import { copyBytes } from "../calls/copy-content.node.ts";
import { readFully, writeFully } from "../calls/file-cut.node.ts";
import { isZero } from "../calls/zero.node.ts";
import type { Places } from "./places.node.ts";
import type { Reference } from "./reference.node.ts";

/** The old version of a file, and how much of it the new one is known to begin with. */
export class OldContent {
  readonly #places: Places;
  readonly #reference: Reference;
  /** Bytes at the start that both versions have. */
  #sameBytes = 0;
  #isInStep = true;

  constructor(places: Places, reference: Reference) {
    this.#places = places;
    this.#reference = reference;
  }

  get size(): number {
    return this.#reference.size;
  }

  get sameBytes(): number {
    return this.#sameBytes;
  }

  /** Its number among the places that content can be taken from. */
  get place(): number {
    return this.#reference.place;
  }

  /** True when the chunk is in it at the same place, as was all before it. */
  matches(offset: number, id: ChunkId, size: number): boolean {
    if (!this.#isInStep || offset !== this.#sameBytes) return false;
    this.#isInStep = this.#reference.holds(offset, id, size);
    if (this.#isInStep) this.#sameBytes += size;
    return this.#isInStep;
  }

  /** Reads a part of it into the start of `into`. Returns the bytes there were. */
  read(offset: number, into: Bytes): number {
    return readFully(this.#places.handleOf(this.place), into, offset);
  }

  /** The new version has these bytes of it, from the start on. */
  keep(bytes: number): void {
    this.#sameBytes = bytes;
  }

  /** The new version goes on in another way. */
  leave(): void {
    this.#isInStep = false;
  }

  /**
   * Copies what both versions begin with into a new file. It was hashed when it was cut: that it
   * has not changed since is seen at the end, by a look at its name.
   *
   * @param into the new file, open for writing; asked for anew behind each wait
   * @returns where the new file ends then, as zeros become holes; undefined when the old version is
   *   shorter by now
   */
  async copyTo(into: () => number, pause: Pause): Promise<number | undefined> {
    const block = new Uint8Array(Math.min(copyBytes, this.#sameBytes));
    let end = 0;
    for (let at = 0; at < this.#sameBytes; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, this.#sameBytes - at));
      if (this.read(at, part) < part.length) return undefined;
      if (!isZero(part)) {
        writeFully(into(), part, at);
        end = at + part.length;
      }
      if (pause.due()) await pause.take();
    }
    return end;
  }
}
