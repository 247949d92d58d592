import { equalBytes } from "../../../bytes/compare.ts";
import { IdMap } from "../../../bytes/id-map.ts";
import type { ChunkId } from "../../../chunk/chunk.ts";
import type { ChunkDigest } from "../../../chunk/digest.ts";
import { idOfKey, keyOf } from "../../../chunk/id-key.ts";
import type { Bytes } from "../../../types.ts";
import type { ContentAt, Places } from "./places.node.ts";
import { isZero } from "../calls/zero.node.ts";

/**
 * Chunks remembered of each kind, as many as a sender remembers having sent and more: 32 MiB of
 * memory.
 */
const maxCount = 2 ** 20;

/** A chunk that is here. */
export interface FoundChunk {
  readonly bytes: Bytes;
  /** Where it was read; undefined for what is in memory alone. */
  readonly at: ContentAt | undefined;
}

interface KnownChunksOptions {
  /** True when nothing that was found by searching may be forgotten, at some 32 bytes a chunk. */
  readonly keepAll?: boolean;
}

/**
 * Where in a destination each chunk was seen. What it returns was read and hashed just now.
 *
 * What was received is never forgotten, for the sender counts on it; beyond `maxCount` it is not
 * learned. What was found beyond `maxCount` takes the place of what was found before.
 */
export class KnownChunks {
  readonly #places: Places;
  readonly #digest: ChunkDigest;
  readonly #keepAll: boolean;
  readonly #zeroId: ChunkId;
  /**
   * Chunks of zeros have an address in memory: what is a hole in its file may lie behind the file's
   * end.
   */
  readonly #zeroAddress: number;
  readonly #scratch: Bytes;
  readonly #received = new IdMap();
  #found = new IdMap();

  /** @param maxBytes of the longest chunk */
  constructor(places: Places, digest: ChunkDigest, maxBytes: number, options: KnownChunksOptions = {}) {
    this.#places = places;
    this.#digest = digest;
    this.#keepAll = options.keepAll ?? false;
    const zeros = new Uint8Array(maxBytes);
    this.#zeroId = idOfKey(digest.keyOf(zeros));
    this.#zeroAddress = places.addressOf(places.addKept(zeros), 0);
    this.#scratch = new Uint8Array(maxBytes);
  }

  /** Learns of a chunk that was found. */
  add(id: ChunkId, place: number, offset: number): void {
    if (!this.#keepAll && this.#found.size >= maxCount) this.#found = new IdMap();
    this.#found.set(id, this.#places.addressOf(place, offset));
  }

  /** Learns of a chunk that was received, and put at this place unless it is of zeros. */
  addReceived(id: ChunkId, bytes: Bytes, place: number, offset: number): void {
    if (this.#received.size >= maxCount) return;
    this.#received.set(id, isZero(bytes) ? this.#zeroAddress : this.#places.addressOf(place, offset));
  }

  /**
   * The chunk, verified, when it is where it was seen. Its bytes are overwritten by the next call.
   */
  read(id: ChunkId, size: number): FoundChunk | undefined {
    if (size > this.#scratch.length) return undefined;
    const bytes = this.#scratch.subarray(0, size);
    if (size === this.#scratch.length && equalBytes(id, this.#zeroId))
      return { bytes: bytes.fill(0), at: undefined };
    return this.#readFrom(this.#received, id, bytes) ?? this.#readFrom(this.#found, id, bytes);
  }

  #readFrom(addresses: IdMap, id: ChunkId, into: Bytes): FoundChunk | undefined {
    const address = addresses.get(id);
    if (address === undefined) return undefined;
    if (this.#fill(into, address) && this.#digest.keyOf(into) === keyOf(id))
      return { bytes: into, at: this.#places.contentAt(address) };
    addresses.delete(id);
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
