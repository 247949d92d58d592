import { AddressLine } from "../bytes/address-line.ts";
import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { Cutter } from "../chunk/cutter.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { idOfKey, keyOf } from "../chunk/id-key.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/** Something with content that may be used again. */
export interface Place {
  /** A part of it; fewer bytes, or a rejection, when it is not there any more. */
  read(offset: number, size: number): Promise<Bytes>;
}

/** Chunks whose places are remembered: 48 MiB of memory at most. */
const maxChunkCount = 2 ** 20;

/**
 * Where chunks were seen. Each place has a range of its own on one line of addresses, so a number
 * says which one and where in it. What is found is a candidate: hash it before use.
 */
export class ChunkPlaces {
  readonly #places: Place[] = [];
  readonly #line = new AddressLine();
  readonly #addresses = new IdMap();
  readonly #digest: ChunkDigest;

  constructor(digest: ChunkDigest) {
    this.#digest = digest;
  }

  /** Takes in a place of this many bytes. Returns its address. */
  add(place: Place, size: number): number {
    this.#places.push(place);
    return this.#line.add(size);
  }

  /** Remembers a chunk, for as long as there is room. */
  learn(id: ChunkId, address: number): void {
    if (this.#addresses.size < maxChunkCount) this.#addresses.set(id, address);
  }

  /** Cuts a place and remembers all of its chunks, as far as it can be read. */
  async learnAll(place: Place, size: number, cutter: Cutter, { signal }: AbortOptions): Promise<void> {
    const base = this.add(place, size);
    for (let position = 0; position < size;) {
      signal?.throwIfAborted();
      const wanted = Math.min(cutter.buffer.length, size - position);
      const block = await place.read(position, wanted).catch(() => new Uint8Array());
      if (block.length < wanted) return;
      cutter.buffer.set(block);
      let start = 0;
      for (const end of cutter.cut(wanted, position + wanted === size)) {
        this.learn(idOfKey(this.#digest.keyOf(block.subarray(start, end))), base + position + start);
        start = end;
      }
      position += start;
    }
  }

  /** True for a chunk of this id. */
  isChunk(id: ChunkId, bytes: Bytes): boolean {
    return this.#digest.keyOf(bytes) === keyOf(id);
  }

  /** Where a chunk was seen last. */
  find(id: ChunkId): { readonly place: Place; readonly offset: number } | undefined {
    const address = this.#addresses.get(id);
    if (address === undefined) return undefined;
    const number = this.#line.numberAt(address);
    return { place: this.#places[number]!, offset: address - this.#line.startOf(number) };
  }
}
