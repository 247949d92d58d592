import { describe, expect, it } from "vitest";
import type { ChunkId } from "../../../src/chunk/chunk.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { SyncError } from "../../../src/errors.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import { tieredStore } from "../../../src/store/tiered.ts";
import { seededBytes } from "../../../src/testing/random.ts";

const chunk = chunkOf(seededBytes(1, 500));
const other = chunkOf(seededBytes(2, 500));

/** A store of which some methods fail. */
function failing(methods: Partial<Record<"get" | "put" | "pin", SyncError>>): Store {
  const store = memoryStore();
  return {
    ...store,
    get: async (id, options) => (methods.get ? Promise.reject(methods.get) : store.get(id, options)),
    put: async (chunk, options) => (methods.put ? Promise.reject(methods.put) : store.put(chunk, options)),
    pin: async (id, options) => (methods.pin ? Promise.reject(methods.pin) : store.pin(id, options)),
  };
}

async function idsIn(store: Store): Promise<ChunkId[]> {
  const ids: ChunkId[] = [];
  for await (const { id } of store.list()) ids.push(id);
  return ids;
}

describe("get", () => {
  it("takes the chunk from the fastest tier that has it and fills the faster ones", async () => {
    const [fast, middle, slow] = [memoryStore(), memoryStore(), memoryStore()];
    await middle.put(chunk);
    expect((await tieredStore([fast, middle, slow]).get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(await fast.has(chunk.id)).toBe(true);
    expect(await slow.has(chunk.id)).toBe(false);
  });

  it("leaves the faster ones alone when told to", async () => {
    const [fast, slow] = [memoryStore(), memoryStore()];
    await slow.put(chunk);
    await tieredStore([fast, slow], { fill: false }).get(chunk.id);
    expect(await fast.has(chunk.id)).toBe(false);
  });

  it("passes over a tier that fails, and over a cache that is full", async () => {
    const broken = failing({ get: new SyncError("CORRUPT", "rotten") });
    const full = memoryStore({ capacityBytes: 10 });
    const slow = memoryStore();
    await slow.put(chunk);
    const store = tieredStore([broken, full, slow]);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(await broken.has(chunk.id), "and puts the chunk back where it was damaged").toBe(true);
  });

  it("tells of the failure when no other tier has the chunk", async () => {
    const store = tieredStore([memoryStore(), failing({ get: new SyncError("IO", "gone") }), memoryStore()]);
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "IO" });
  });

  it("rejects with the reason when aborted, whatever failed before", async () => {
    const abort = new AbortController();
    const broken = failing({ get: new SyncError("IO", "broken") });
    const leaving: Store = {
      ...memoryStore(),
      get: async () => {
        abort.abort(new SyncError("ABORTED", "left"));
        throw abort.signal.reason;
      },
    };
    const call = tieredStore([broken, leaving]).get(chunk.id, { signal: abort.signal });
    await expect(call).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("put", () => {
  it("fills all tiers, and fails only when the last one does", async () => {
    const [fast, slow] = [memoryStore(), memoryStore()];
    await tieredStore([fast, slow]).put(chunk);
    expect([await fast.has(chunk.id), await slow.has(chunk.id)]).toEqual([true, true]);

    const full = failing({ put: new SyncError("NO_SPACE", "full") });
    await tieredStore([full, slow]).put(other);
    expect(await slow.has(other.id)).toBe(true);
    await expect(tieredStore([fast, full]).put(other)).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(await fast.has(other.id), "a cache has nothing that the last tier refused").toBe(false);
  });
});

it("lists a chunk once that is in several tiers, and one that is in a cache only", async () => {
  const [fast, slow] = [memoryStore(), memoryStore()];
  await fast.put(chunk);
  await fast.put(other);
  await slow.put(chunk);
  expect(await idsIn(tieredStore([fast, slow]))).toEqual([chunk.id, other.id]);
});

it("pins in every tier that has the chunk, or in none", async () => {
  const [fast, slow] = [memoryStore(), memoryStore()];
  const store = tieredStore([fast, slow]);
  await store.put(chunk);
  const pin = await store.pin(chunk.id);
  for (const tier of [fast, slow])
    await expect(tier.delete(chunk.id)).rejects.toMatchObject({ code: "LOCKED" });
  pin!.release();
  await store.delete(chunk.id);
  expect(await store.has(chunk.id)).toBe(false);

  const broken = failing({ pin: new SyncError("IO", "gone") });
  await fast.put(chunk);
  await expect(tieredStore([fast, broken]).pin(chunk.id)).rejects.toMatchObject({ code: "IO" });
  await fast.delete(chunk.id);
});

it("needs a tier", () => {
  expect(() => tieredStore([])).toThrow(expect.objectContaining({ code: "USAGE" }));
});
