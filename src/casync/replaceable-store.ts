import type { ChunkReader } from "../store/store.ts";

/** A store in the place of which another can be put while it is used. */
export interface ReplaceableStore extends ChunkReader {
  /** From now on the other one is asked; the one before is closed when nobody waits for it. */
  replace(store: ChunkReader): void;
}

/** @param store belongs to the new one, which closes it */
export function replaceableStore(store: ChunkReader): ReplaceableStore {
  let current = { store, waitingCount: 0, isOld: false };

  async function ask<Result>(call: (store: ChunkReader) => Promise<Result>): Promise<Result> {
    const asked = current;
    asked.waitingCount++;
    try {
      return await call(asked.store);
    } finally {
      asked.waitingCount--;
      if (asked.isOld && asked.waitingCount === 0) await asked.store.close();
    }
  }

  const replaceable: ReplaceableStore = {
    get: (id, options) => ask((one) => one.get(id, options)),
    has: (id, options) => ask((one) => one.has(id, options)),
    replace(next) {
      const before = current;
      before.isOld = true;
      current = { store: next, waitingCount: 0, isOld: false };
      if (before.waitingCount === 0) void before.store.close();
    },
    close: () => current.store.close(),
    [Symbol.asyncDispose]: () => replaceable.close(),
  };
  return replaceable;
}
