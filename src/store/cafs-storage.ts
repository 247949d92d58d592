import type { ChunkId, ChunkInfo } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import { openCafsFile } from "./cafs-file.ts";
import type { CafsFile } from "./cafs-file.ts";
import { CafsObjects } from "./cafs-objects.ts";
import { createCafsTemporary } from "./cafs-temporary.ts";
import type { CafsTemporary } from "./cafs-temporary.ts";
import { locked } from "./key.ts";
import { checkCapacity } from "./quota.ts";

/**
 * Files in memory, kept in chunks under their SHA-256, with the counters and the eviction of the
 * CAFS reference, step for step. Use `cafsStore` to sync with it, and `memoryStore` when files do
 * not matter.
 */
export interface CafsStorage {
  readonly capacityBytes: number;
  /** Bytes charged: 112 an object, its data, 40 for each reference to a chunk. */
  readonly usedBytes: number;
  /** The part of `usedBytes` that somebody holds, chunks of files that exist included. */
  readonly lockedBytes: number;
  /** Starts a new file. */
  create(): CafsTemporary;
  /**
   * A handle for the file or chunk with this key.
   *
   * @throws NOT_FOUND
   */
  get(key: ChunkId): CafsFile;
  /** True when a file or chunk with this key is there. */
  has(key: ChunkId): boolean;
  /** Files and chunks, as they are while one goes through them. */
  list(): Iterable<ChunkInfo>;
  /**
   * Removes the file or chunk with this key, if there is one.
   *
   * @throws LOCKED while somebody holds it
   */
  delete(key: ChunkId): void;
  /** Evicts all that nobody holds; returns the bytes freed. */
  freeCache(): number;
}

/**
 * An empty storage.
 *
 * @throws USAGE when the capacity is not a number of bytes
 */
export function createCafsStorage(options: { readonly capacityBytes: number }): CafsStorage {
  const { capacityBytes } = options;
  checkCapacity(capacityBytes);
  const objects = new CafsObjects(capacityBytes);

  return {
    capacityBytes,
    get usedBytes() {
      return objects.usedBytes;
    },
    get lockedBytes() {
      return objects.lockedBytes;
    },
    create: () => createCafsTemporary(objects),
    get(key) {
      const object = objects.find(key);
      if (!object) throw new SyncError("NOT_FOUND", "Not found");
      return openCafsFile(objects, object);
    },
    has: (key) => objects.find(key) !== undefined,
    *list() {
      for (const { id, size } of objects.all()) yield { id, size };
    },
    delete(key) {
      const object = objects.find(key);
      if (!object) return;
      if (object.refCount > 0) throw locked(key);
      objects.evict(object);
    },
    freeCache: () => objects.evictIdle(),
  };
}
