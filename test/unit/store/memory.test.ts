import { describe, expect, it } from "vitest";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { chunkChargeBytes, memoryStore } from "../../../src/store/memory.ts";
import { seededBytes } from "../../../src/testing/random.ts";

const size = 1000 - chunkChargeBytes;
const [a, b, c, d] = [1, 2, 3, 4].map((seed) => chunkOf(seededBytes(seed, size))) as [
  Chunk,
  Chunk,
  Chunk,
  Chunk,
];
type Chunk = ReturnType<typeof chunkOf>;

describe("a memory store with room for three chunks", () => {
  const open = () => memoryStore({ capacityBytes: 3000 });

  it("evicts the chunk that was unused for longest", async () => {
    const store = open();
    for (const chunk of [a, b, c]) await store.put(chunk);
    await store.get(a.id);
    await store.put(b);
    await store.put(d);
    expect(await store.has(c.id)).toBe(false);
    for (const chunk of [a, b, d]) expect(await store.has(chunk.id)).toBe(true);
  });

  it("holds exactly its capacity", async () => {
    const store = memoryStore({ capacityBytes: 2999 });
    for (const chunk of [a, b, c]) await store.put(chunk);
    expect(await store.has(a.id)).toBe(false);
    const full = open();
    for (const chunk of [a, b, c]) await full.put(chunk);
    expect(await full.has(a.id)).toBe(true);
  });

  it("never evicts what is pinned", async () => {
    const store = open();
    await store.put(a);
    const pin = await store.pin(a.id);
    for (const chunk of [b, c, d]) await store.put(chunk);
    expect(await store.has(a.id)).toBe(true);
    expect(await store.has(b.id)).toBe(false);
    pin!.release();
    await store.put(b);
    expect(await store.has(c.id), "released last, so evicted after c").toBe(false);
    expect(await store.has(a.id)).toBe(true);
  });

  it("flaw 22: evicts nothing for a chunk that would not fit anyway", async () => {
    const store = open();
    await store.put(a);
    await store.pin(a.id);
    await store.put(b);
    const large = chunkOf(seededBytes(9, 2000 - chunkChargeBytes + 1));
    await expect(store.put(large)).rejects.toMatchObject({
      code: "NO_SPACE",
      detail: { limit: 3000, actual: 3001 },
    });
    expect(await store.has(b.id)).toBe(true);
  });

  it("gives the room of a deleted chunk back", async () => {
    const store = open();
    for (const chunk of [a, b, c]) await store.put(chunk);
    await store.delete(c.id);
    await store.put(d);
    expect(await store.has(a.id)).toBe(true);
  });
});

it("refuses a capacity that is none", () => {
  for (const capacityBytes of [-1, Number.NaN]) {
    expect(() => memoryStore({ capacityBytes })).toThrow(expect.objectContaining({ code: "USAGE" }));
  }
});
