import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { SyncError } from "../../../src/errors.ts";
import { awaitedStore } from "../../../src/store/awaited.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import { storeCases } from "../../../src/testing/store-suite.ts";

const chunk = chunkOf(seededBytes(1, 500));
const other = chunkOf(seededBytes(2, 500));

/** Lets all that can go on without a timer or I/O go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("an awaited store that has ended keeps the contract of stores", () => {
  const open = async () => {
    const store = awaitedStore(memoryStore());
    store.end(new SyncError("NOT_FOUND", "nothing more will come"));
    return store;
  };
  for (const { name, run } of storeCases(open)) it(name, run);
});

describe("get", () => {
  it("answers at once what is there", async () => {
    const store = awaitedStore(memoryStore());
    await store.put(chunk);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(store.waitingCount).toBe(0);
  });

  it("waits until the chunk is put, however many wait, and forgets them", async () => {
    const store = awaitedStore(memoryStore());
    const calls = Array.from({ length: 100 }, () => store.get(chunk.id));
    await settle();
    await store.put(other);
    await settle();
    expect(store.waitingCount).toBe(100);
    await store.put(chunk);
    for (const { bytes } of await Promise.all(calls)) expect(bytes).toEqual(chunk.bytes);
    expect(store.waitingCount).toBe(0);
  });

  it("gets the chunk even when it is evicted at once", async () => {
    const store = awaitedStore(memoryStore({ capacityBytes: 700 }));
    const call = store.get(chunk.id);
    await settle();
    await store.put(chunk);
    await store.put(other);
    expect(await store.has(chunk.id)).toBe(false);
    expect((await call).bytes).toEqual(chunk.bytes);
  });

  it("does not miss a chunk that is put between its two looks", async () => {
    const inner = memoryStore();
    let looks = 0;
    const store: Store = awaitedStore({
      ...inner,
      get: async (id, options) => {
        if (looks++ > 0) return inner.get(id, options);
        const result = inner.get(id, options);
        await result.catch(() => {});
        await store.put(chunk);
        return result;
      },
    });
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(looks).toBe(2);
  });

  it("flaw 12: gives up when its reader leaves, and leaves nothing behind", async () => {
    const store = awaitedStore(memoryStore());
    const abort = new AbortController();
    const calls = Array.from({ length: 5 }, () => store.get(chunk.id, { signal: abort.signal }));
    const staying = store.get(chunk.id);
    await settle();
    expect(store.waitingCount).toBe(6);
    abort.abort(new SyncError("ABORTED", "left"));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "ABORTED" });
    expect(store.waitingCount).toBe(1);
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
    await store.put(chunk);
    await staying;
  });

  it("flaw 12: never waits for the empty chunk", async () => {
    const { id } = chunkOf(new Uint8Array());
    expect((await awaitedStore(memoryStore()).get(id)).bytes).toHaveLength(0);
  });

  it("flaw 13: a missing chunk holds up nobody else", async () => {
    const store = awaitedStore(memoryStore());
    const missing = store.get(chunk.id);
    await store.put(other);
    expect((await store.get(other.id)).bytes).toEqual(other.bytes);
    await store.put(chunk);
    await missing;
  });

  it("passes on a failure of the store underneath", async () => {
    const broken = { ...memoryStore(), get: async () => Promise.reject(new SyncError("IO", "broken")) };
    const store = awaitedStore(broken);
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "IO" });
    expect(store.waitingCount).toBe(0);
  });
});

describe("end", () => {
  it("does not disturb a reader that finds its chunk meanwhile", async () => {
    const inner = memoryStore();
    let looks = 0;
    const store = awaitedStore({
      ...inner,
      get: async () => {
        if (looks++ === 0) throw new SyncError("NOT_FOUND", "not yet");
        store.end(new SyncError("PEER_GONE", "upstream is gone"));
        await settle();
        return chunk;
      },
    });
    expect(await store.get(chunk.id)).toBe(chunk);
  });

  it("refuses who waits and who comes later, but gives what is there", async () => {
    const store = awaitedStore(memoryStore());
    await store.put(other);
    const call = store.get(chunk.id);
    await settle();
    store.end(new SyncError("PEER_GONE", "upstream is gone"));
    store.end(new SyncError("INTERNAL", "too late to matter"));
    await expect(call).rejects.toMatchObject({ code: "PEER_GONE" });
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "PEER_GONE" });
    expect((await store.get(other.id)).bytes).toEqual(other.bytes);
    expect(store.waitingCount).toBe(0);
  });

  it("comes with close", async () => {
    const store = awaitedStore(memoryStore());
    const call = store.get(chunk.id);
    await settle();
    await store.close();
    await expect(call).rejects.toMatchObject({ code: "STATE" });
  });
});
