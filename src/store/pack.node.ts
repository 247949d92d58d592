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
  /**
   * Bytes of content at most; no limit unless given. What is deleted makes room again when all of
   * its file is.
   */
  readonly capacityBytes?: number;
  /** Bytes of a file, after which the next one is begun; a gibibyte unless given. */
  readonly fileBytes?: number;
}

/** A file without a name, filled from its start. */
interface Pack {
  readonly fd: number;
  endBytes: number;
  /** Chunks in it that were not deleted. */
  chunkCount: number;
}

interface Place {
  readonly pack: Pack;
  readonly offset: number;
  readonly size: number;
  pinCount: number;
}

/**
 * Keeps chunks one behind the other in files without a name: for as long as they are open, and
 * however the process ends, nothing stays behind. A file gives its room back when all in it is
 * deleted. Fast for many small chunks; about 150 bytes of memory each.
 *
 * @throws IO, USAGE when the capacity is not a number of bytes
 */
export function packStore(options: PackStoreOptions = {}): Store {
  const { directory = tmpdir(), capacityBytes = Number.POSITIVE_INFINITY, fileBytes = 2 ** 30 } = options;
  checkCapacity(capacityBytes);
  /** The last one is filled. */
  const packs = [openPack(directory)];
  const places = new Map<string, Place>();

  function begin(abort: AbortOptions | undefined): void {
    if (packs.length === 0) throw new SyncError("STATE", "the store is closed");
    abort?.signal?.throwIfAborted();
  }

  function read(id: ChunkId, { pack: { fd }, offset, size }: Place): Chunk {
    const bytes = new Uint8Array(size);
    const count = fileCall(directory, () => fs.readSync(fd, bytes, 0, size, offset));
    try {
      return verifyChunk(id.slice(), bytes.subarray(0, count));
    } catch (cause) {
      throw isSyncError(cause, "UNEXPECTED_CHUNK")
        ? new SyncError("CORRUPT", "a stored chunk is damaged", { cause })
        : cause;
    }
  }

  /** Gives back the room of a file that nothing is in any more. */
  function empty(pack: Pack): void {
    if (pack === packs.at(-1)) fileCall(directory, () => fs.ftruncateSync(pack.fd));
    else fs.closeSync(packs.splice(packs.indexOf(pack), 1)[0]!.fd);
    pack.endBytes = 0;
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
      if (places.has(key)) return;
      const actual = packs.reduce((sum, { endBytes }) => sum + endBytes, bytes.length);
      if (actual > capacityBytes)
        throw new SyncError("NO_SPACE", "the pack is full", { detail: { limit: capacityBytes, actual } });
      if (packs.at(-1)!.endBytes >= fileBytes) packs.push(openPack(directory));
      const pack = packs.at(-1)!;
      fileCall(directory, () => {
        for (let at = 0; at < bytes.length;)
          at += fs.writeSync(pack.fd, bytes, at, bytes.length - at, pack.endBytes + at);
      });
      places.set(key, { pack, offset: pack.endBytes, size: bytes.length, pinCount: 0 });
      pack.endBytes += bytes.length;
      pack.chunkCount += 1;
    },
    async has(id, abort) {
      begin(abort);
      return places.has(keyOf(id));
    },
    async delete(id, abort) {
      begin(abort);
      const key = keyOf(id);
      const place = places.get(key);
      if (!place) return;
      if (place.pinCount > 0) throw locked(id);
      places.delete(key);
      place.pack.chunkCount -= 1;
      if (place.pack.chunkCount === 0) empty(place.pack);
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
      for (const { fd } of packs.splice(0)) fs.closeSync(fd);
      places.clear();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

function openPack(directory: string): Pack {
  const path = join(directory, `.rsync-stream-${randomUUID()}`);
  return fileCall(directory, () => {
    const fd = fs.openSync(path, "wx+", 0o600);
    fs.unlinkSync(path);
    return { fd, endBytes: 0, chunkCount: 0 };
  });
}
