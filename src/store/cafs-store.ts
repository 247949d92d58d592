import { concatBytes } from "../bytes/compare.ts";
import { verifyChunk } from "../chunk/verify.ts";
import type { CafsStorage } from "./cafs-storage.ts";
import { Gate } from "./gate.ts";
import { createPin } from "./pin.ts";
import type { Store } from "./store.ts";

/**
 * A CAFS storage as a Store: each chunk put becomes a file, which the storage may cut further; pins
 * are file handles. Chunks that a file in the storage still needs are LOCKED. Closing it leaves the
 * storage alone.
 */
export function cafsStore(storage: CafsStorage): Store {
  const gate = new Gate();
  const store: Store = {
    async get(id, options) {
      gate.enter(options);
      const file = storage.get(id);
      try {
        return verifyChunk(id, concatBytes([...file.read()]));
      } finally {
        file.dispose();
      }
    },
    async put(chunk, options) {
      gate.enter(options);
      if (storage.has(chunk.id)) return;
      const temporary = storage.create();
      try {
        temporary.write(chunk.bytes);
        temporary.close();
      } finally {
        temporary.dispose();
      }
    },
    async has(id, options) {
      gate.enter(options);
      return storage.has(id);
    },
    async delete(id, options) {
      gate.enter(options);
      storage.delete(id);
    },
    async *list(options) {
      gate.enter(options);
      for (const info of storage.list()) {
        yield info;
        gate.enter(options);
      }
    },
    async pin(id, options) {
      gate.enter(options);
      if (!storage.has(id)) return undefined;
      const file = storage.get(id);
      return createPin(() => file.dispose());
    },
    async close() {
      gate.close();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}
