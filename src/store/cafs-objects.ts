import type { ChunkId } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { keyOf } from "./key.ts";
import { LruList } from "./lru-list.ts";
import type { LruLinks } from "./lru-list.ts";

/**
 * What a CAFS storage keeps under one key: bytes, or the list of chunks that a larger file consists
 * of.
 */
export interface CafsObject extends LruLinks<CafsObject> {
  readonly id: ChunkId;
  /** Bytes of the content, whichever form it has. */
  readonly size: number;
  readonly content: Bytes | readonly CafsObject[];
  /** How many hold it; it may be evicted when nobody does. */
  refCount: number;
}

const objectBytes = 112;
const referenceBytes = 40;

/**
 * The objects of a CAFS storage: reference counts, eviction and the two counters.
 *
 * A chunk list holds one reference for each place of a chunk in it as long as the list exists, held
 * or not. What a list's eviction sets free goes to the young end, behind everything that was idle
 * before.
 *
 * @see docs/formats.md#cafs-storage
 */
export class CafsObjects {
  readonly capacityBytes: number;
  readonly #objects = new Map<string, CafsObject>();
  readonly #idle = new LruList<CafsObject>();
  #usedBytes = 0;
  #lockedBytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** Bytes charged for all objects. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes charged for the objects that somebody holds. */
  get lockedBytes(): number {
    return this.#lockedBytes;
  }

  find(id: ChunkId): CafsObject | undefined {
    return this.#objects.get(keyOf(id));
  }

  all(): Iterable<CafsObject> {
    return this.#objects.values();
  }

  /**
   * Stores bytes, which become the storage's own, and holds the object.
   *
   * @throws NO_SPACE
   */
  addBytes(id: ChunkId, bytes: Bytes): CafsObject {
    return this.#hold(id) ?? this.#insert(id, bytes.length, bytes);
  }

  /**
   * Stores a chunk list and holds it. The caller's references on the chunks pass over to the list,
   * or are given back when the same content is there already.
   *
   * @throws NO_SPACE, the references then stay with the caller
   */
  addList(id: ChunkId, size: number, chunks: readonly CafsObject[]): CafsObject {
    const known = this.#hold(id);
    if (known) for (const chunk of chunks) this.release(chunk);
    return known ?? this.#insert(id, size, chunks);
  }

  /** One more reference. */
  acquire(object: CafsObject): void {
    if (object.refCount++ > 0) return;
    this.#idle.remove(object);
    this.#lockedBytes += chargeOf(object);
  }

  /** Gives one reference back. */
  release(object: CafsObject): void {
    if (--object.refCount > 0) return;
    this.#idle.append(object);
    this.#lockedBytes -= chargeOf(object);
  }

  /** Removes an object that nobody holds. */
  evict(object: CafsObject): void {
    this.#idle.remove(object);
    this.#objects.delete(keyOf(object.id));
    this.#usedBytes -= chargeOf(object);
    if (isList(object.content)) for (const chunk of object.content) this.release(chunk);
  }

  /** Evicts all that nobody holds, and what that sets free; returns the bytes freed. */
  evictIdle(): number {
    const before = this.#usedBytes;
    for (let oldest = this.#idle.oldest; oldest; oldest = this.#idle.oldest) this.evict(oldest);
    return before - this.#usedBytes;
  }

  #hold(id: ChunkId): CafsObject | undefined {
    const known = this.find(id);
    if (known) this.acquire(known);
    return known;
  }

  #insert(id: ChunkId, size: number, content: CafsObject["content"]): CafsObject {
    const object = { id, size, content, refCount: 1, older: undefined, younger: undefined };
    const chargeBytes = chargeOf(object);
    this.#reserve(chargeBytes);
    this.#objects.set(keyOf(id), object);
    this.#usedBytes += chargeBytes;
    this.#lockedBytes += chargeBytes;
    return object;
  }

  /**
   * Evicts the longest idle until there is room. As in the reference, what a vain attempt evicted
   * is gone.
   */
  #reserve(neededBytes: number): void {
    if (neededBytes > this.capacityBytes) throw noSpace();
    while (this.#usedBytes + neededBytes > this.capacityBytes) {
      const { oldest } = this.#idle;
      if (!oldest) throw noSpace();
      this.evict(oldest);
    }
  }
}

/** True for a chunk list, false for plain bytes. */
export function isList(content: CafsObject["content"]): content is readonly CafsObject[] {
  return !(content instanceof Uint8Array);
}

function chargeOf(object: CafsObject): number {
  const { content } = object;
  return objectBytes + (isList(content) ? referenceBytes * content.length : content.length);
}

function noSpace(): SyncError {
  return new SyncError("NO_SPACE", "Not enough space");
}
