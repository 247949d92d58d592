import { equalBytes } from "../bytes/compare.ts";
import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { idOfKey, keyOf } from "../chunk/id-key.ts";
import type { Bytes } from "../types.ts";
import type { Places } from "./places.node.ts";

/** Chunks remembered, as many as a sender remembers having sent and more: 32 MiB of memory. */
const maxCount = 2 ** 20;

export interface KnownChunksOptions {
  /**
   * True when nothing may be forgotten. Beyond `maxCount` what is received is then not learned, and what is
   * found by searching is, at some 32 bytes a chunk.
   */
  readonly keepAll?: boolean;
}

/** Where in a destination each chunk was seen. What it returns was read and hashed just now. */
export class KnownChunks {
  readonly #places: Places;
  readonly #digest: ChunkDigest;
  readonly #keepAll: boolean;
  readonly #zeros: Bytes;
  readonly #zeroId: ChunkId;
  readonly #scratch: Bytes;
  #addresses = new IdMap();

  /** @param maxBytes of the longest chunk */
  constructor(places: Places, digest: ChunkDigest, maxBytes: number, options: KnownChunksOptions = {}) {
    this.#places = places;
    this.#digest = digest;
    this.#keepAll = options.keepAll ?? false;
    this.#zeros = new Uint8Array(maxBytes);
    this.#zeroId = idOfKey(digest.keyOf(this.#zeros));
    this.#scratch = new Uint8Array(maxBytes);
  }

  /** Learns of a chunk that was found. */
  add(id: ChunkId, place: number, offset: number): void {
    if (!this.#keepAll && this.#addresses.size >= maxCount) this.#addresses = new IdMap();
    this.#addresses.set(id, this.#places.addressOf(place, offset));
  }

  /** Learns of a chunk that was received. */
  addReceived(id: ChunkId, place: number, offset: number): void {
    if (!this.#keepAll || this.#addresses.size < maxCount) this.add(id, place, offset);
  }

  /** The chunk's bytes, verified, when it is where it was seen. They are overwritten by the next call. */
  read(id: ChunkId, size: number): Bytes | undefined {
    if (size === this.#zeros.length && equalBytes(id, this.#zeroId)) return this.#zeros;
    const address = this.#addresses.get(id);
    if (address === undefined || size > this.#scratch.length) return undefined;
    const bytes = this.#scratch.subarray(0, size);
    if (this.#fill(bytes, address) && this.#digest.keyOf(bytes) === keyOf(id)) return bytes;
    this.#addresses.delete(id);
    return undefined;
  }

  #fill(bytes: Bytes, address: number): boolean {
    try {
      return this.#places.read(address, bytes) === bytes.length;
    } catch {
      // The file has gone or may not be read any more: it is as good as not there.
      return false;
    }
  }
}
