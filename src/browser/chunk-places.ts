import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { Cutter } from "../chunk/cutter.ts";
import { sha256 } from "../chunk/digest.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/** Something with content that may be used again. */
export interface Place {
  /** A part of it; fewer bytes, or a rejection, when it is not there any more. */
  read(offset: number, size: number): Promise<Bytes>;
}

/** Chunks whose places are remembered: 48 MiB of memory at most. */
const maxChunkCount = 2 ** 20;

/**
 * Where chunks were seen. Each place has a range of its own on one line of addresses, so a number says which one and where in
 * it. What is found is a candidate: hash it before use.
 */
export class ChunkPlaces {
  readonly #places: Place[] = [];
  /** The address where each place starts, ascending. */
  readonly #bases: number[] = [];
  readonly #addresses = new IdMap();
  #end = 0;

  /** Takes in a place of this many bytes. Returns its address. */
  add(place: Place, size: number): number {
    const base = this.#end;
    this.#places.push(place);
    this.#bases.push(base);
    this.#end += Math.max(size, 1);
    return base;
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
        this.learn(sha256(block.subarray(start, end)), base + position + start);
        start = end;
      }
      position += start;
    }
  }

  /** Where a chunk was seen last. */
  find(id: ChunkId): { readonly place: Place; readonly offset: number } | undefined {
    const address = this.#addresses.get(id);
    if (address === undefined) return undefined;
    const number = this.#placeAt(address);
    return { place: this.#places[number]!, offset: address - this.#bases[number]! };
  }

  #placeAt(address: number): number {
    let low = 0;
    let high = this.#bases.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#bases[middle]! <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
