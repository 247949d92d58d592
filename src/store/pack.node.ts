import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { idOfKey } from "../chunk/id-key.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { fileCall } from "./io-error.node.ts";
import { keyOf, locked, notFound } from "./key.ts";
import { createPin } from "./pin.ts";
import { checkCapacity } from "./quota.ts";
import type { Store } from "./store.ts";

/** How `packStore` keeps chunks. */
export interface PackStoreOptions {
  /** The directory in which there is room; the system's own for temporary files unless given. */
  readonly directory?: string;
  /** Bytes of content at most; no limit unless given. What is deleted does not make room again. */
  readonly capacityBytes?: number;
}

interface Place {
  readonly offset: number;
  readonly size: number;
  pinCount: number;
}

/**
 * Keeps chunks one behind the other in a file without a name: for as long as it is open, and
 * however the process ends, nothing stays behind. Fast for many small chunks; about 150 bytes of
 * memory each.
 *
 * @throws IO, USAGE when the capacity is not a number of bytes
 */
export function packStore(options: PackStoreOptions = {}): Store {
  const { directory = tmpdir(), capacityBytes = Number.POSITIVE_INFINITY } = options;
  checkCapacity(capacityBytes);
  let fd: number | undefined = openNameless(directory);
  const places = new Map<string, Place>();
  let endBytes = 0;

  function opened(): number {
    if (fd === undefined) throw new SyncError("STATE", "the store is closed");
    return fd;
  }

  function begin(abort: AbortOptions | undefined): void {
    opened();
    abort?.signal?.throwIfAborted();
  }

  function read(id: ChunkId, { offset, size }: Place): Chunk {
    const bytes = new Uint8Array(size);
    const count = fileCall(directory, () => fs.readSync(opened(), bytes, 0, size, offset));
    try {
      return verifyChunk(id.slice(), bytes.subarray(0, count));
    } catch (cause) {
      throw isSyncError(cause, "UNEXPECTED_CHUNK")
        ? new SyncError("CORRUPT", "a stored chunk is damaged", { cause })
        : cause;
    }
  }

  const store: Store = {
    async get(id, abort) {
      begin(abort);
      const place = places.get(keyOf(id));
      if (!place) throw notFound(id);
      return read(id, place);
    },
    async put({ id, bytes }, abort) {
      begin(abort);
      const key = keyOf(id);
      const file = opened();
      if (places.has(key)) return;
      if (endBytes + bytes.length > capacityBytes) {
        const detail = { limit: capacityBytes, actual: endBytes + bytes.length };
        throw new SyncError("NO_SPACE", "the pack is full", { detail });
      }
      fileCall(directory, () => {
        for (let at = 0; at < bytes.length;)
          at += fs.writeSync(file, bytes, at, bytes.length - at, endBytes + at);
      });
      places.set(key, { offset: endBytes, size: bytes.length, pinCount: 0 });
      endBytes += bytes.length;
    },
    async has(id, abort) {
      begin(abort);
      return places.has(keyOf(id));
    },
    async delete(id, abort) {
      begin(abort);
      const key = keyOf(id);
      if ((places.get(key)?.pinCount ?? 0) > 0) throw locked(id);
      places.delete(key);
    },
    async *list(abort) {
      begin(abort);
      for (const [key, { size }] of places) {
        abort?.signal?.throwIfAborted();
        yield { id: idOfKey(key), size };
      }
    },
    async pin(id, abort) {
      begin(abort);
      const place = places.get(keyOf(id));
      if (!place) return undefined;
      place.pinCount += 1;
      return createPin(() => (place.pinCount -= 1));
    },
    async close() {
      if (fd !== undefined) fs.closeSync(fd);
      fd = undefined;
      places.clear();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

function openNameless(directory: string): number {
  const path = join(directory, `.rsync-stream-${randomUUID()}`);
  return fileCall(directory, () => {
    const fd = fs.openSync(path, "wx+", 0o600);
    fs.unlinkSync(path);
    return fd;
  });
}
