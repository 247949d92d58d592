import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { domTrouble } from "./dom-trouble.ts";
import { keyOf, locked, notFound } from "./key.ts";
import { PinTable } from "./pin.ts";
import type { Store } from "./store.ts";

const storeName = "chunks";
/** Ids fetched at a time by `list`. */
const batchCount = 1000;

/**
 * Keeps chunks in a database of the browser, for the pages of one origin. Every chunk is hashed
 * when it is read.
 *
 * Pins hold within this store object only: other tabs do not know of them.
 *
 * @param name of the database
 * @throws UNSUPPORTED where there is no IndexedDB, IO when it cannot be opened
 */
export async function indexedDbStore(name: string): Promise<Store> {
  const database = await openDatabase(name);
  const pins = new PinTable();
  let open = true;

  function begin(abort: AbortOptions | undefined): void {
    if (!open) throw new SyncError("STATE", "the store is closed");
    abort?.signal?.throwIfAborted();
  }

  async function ask<Result>(
    mode: IDBTransactionMode,
    request: (chunks: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> {
    const transaction = database.transaction(storeName, mode);
    const result = await answered(request(transaction.objectStore(storeName)));
    if (mode === "readwrite") await completed(transaction);
    return result;
  }

  const store: Store = {
    async get(id, abort) {
      begin(abort);
      keyOf(id);
      const bytes = (await ask("readonly", (chunks) => chunks.get(ownBytes(id)))) as Bytes | undefined;
      if (bytes === undefined) throw notFound(id);
      return verified(id, bytes);
    },
    async put({ id, bytes }, abort) {
      begin(abort);
      keyOf(id);
      await ask("readwrite", (chunks) => chunks.put(ownBytes(bytes), ownBytes(id)));
    },
    async has(id, abort) {
      begin(abort);
      keyOf(id);
      return (await ask("readonly", (chunks) => chunks.count(ownBytes(id)))) > 0;
    },
    async delete(id, abort) {
      begin(abort);
      if (pins.holds(keyOf(id))) throw locked(id);
      await ask("readwrite", (chunks) => chunks.delete(ownBytes(id)));
    },
    async *list(abort) {
      begin(abort);
      let last: ArrayBuffer | undefined;
      for (;;) {
        abort?.signal?.throwIfAborted();
        const range = last === undefined ? null : IDBKeyRange.lowerBound(last, true);
        const keys = (await ask("readonly", (chunks) =>
          chunks.getAllKeys(range, batchCount),
        )) as ArrayBuffer[];
        for (const key of keys) {
          const bytes = (await ask("readonly", (chunks) => chunks.get(key))) as Bytes | undefined;
          if (bytes !== undefined) yield { id: new Uint8Array(key), size: bytes.length };
        }
        last = keys.at(-1);
        if (keys.length < batchCount) return;
      }
    },
    async pin(id, abort) {
      begin(abort);
      const key = keyOf(id);
      const pin = pins.add(key);
      if (await ask("readonly", (chunks) => chunks.count(ownBytes(id)))) return pin;
      pin.release();
      return undefined;
    },
    async close() {
      if (open) database.close();
      open = false;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

function verified(id: ChunkId, bytes: Bytes): Chunk {
  try {
    return verifyChunk(id.slice(), bytes);
  } catch (cause) {
    if (!isSyncError(cause, "UNEXPECTED_CHUNK")) throw cause;
    throw new SyncError("CORRUPT", "a stored chunk is damaged", { cause });
  }
}

/** What is stored is a view's bytes, not the whole buffer that it looks at. */
function ownBytes(bytes: Bytes): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function openDatabase(name: string): Promise<IDBDatabase> {
  if (typeof indexedDB === "undefined") throw new SyncError("UNSUPPORTED", "there is no IndexedDB here");
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(storeName);
  return answered(request);
}

function answered<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(domTrouble(request.error));
  });
}

/** What was written is safe only when its transaction is. */
function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(domTrouble(transaction.error));
  });
}
