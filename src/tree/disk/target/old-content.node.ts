import type { ChunkId } from "../../../chunk/chunk.ts";
import type { Bytes } from "../../../types.ts";
import { readFully } from "../calls/file-cut.node.ts";
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

  /** It is open for reading; good until another one is opened. */
  get handle(): number {
    return this.#places.handleOf(this.#reference.place);
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
    return readFully(this.handle, into, offset);
  }

  /** The new version has these bytes of it, from the start on. */
  keep(bytes: number): void {
    this.#sameBytes = bytes;
  }

  /** The new version goes on in another way. */
  leave(): void {
    this.#isInStep = false;
  }
}
