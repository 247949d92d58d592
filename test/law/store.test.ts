import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { concatBytes, equalBytes } from "../../src/bytes/compare.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { createCafsStorage } from "../../src/store/cafs-storage.ts";
import type { CafsFile } from "../../src/store/cafs-file.ts";
import { cafsStore } from "../../src/store/cafs-store.ts";
import { dirStore } from "../../src/store/dir.node.ts";
import { chunkChargeBytes, memoryStore } from "../../src/store/memory.ts";
import type { Pin, Store } from "../../src/store/store.ts";
import { tieredStore } from "../../src/store/tiered.ts";
import { seededBytes } from "../../src/testing/random.ts";

const chunks = Array.from({ length: 8 }, (_, seed) => chunkOf(seededBytes(seed, seed * 15)));

/** One call, on one of a few chunks. */
type Call = readonly [method: "put" | "get" | "has" | "delete" | "pin" | "release", which: number];

const calls = fc.array(
  fc.tuple(
    fc.constantFrom<Call[0][]>("put", "put", "get", "has", "delete", "pin", "release"),
    fc.nat(chunks.length - 1),
  ),
  { maxLength: 60 },
);

/** What a store without a capacity does, said in the simplest way. */
class StoreModel {
  readonly present = new Set<number>();
  readonly pinCounts = chunks.map(() => 0);

  expected([method, which]: Call): unknown {
    const { present, pinCounts } = this;
    switch (method) {
      case "put":
        present.add(which);
        return undefined;
      case "get":
        return present.has(which) ? chunks[which]!.bytes : "NOT_FOUND";
      case "has":
        return present.has(which);
      case "delete":
        if (present.has(which) && pinCounts[which]! > 0) return "LOCKED";
        present.delete(which);
        return undefined;
      case "pin":
        if (present.has(which)) pinCounts[which]!++;
        return present.has(which);
      case "release":
        if (pinCounts[which]! > 0) pinCounts[which]!--;
        return undefined;
    }
  }
}

class StoreUnderTest {
  readonly #store: Store;
  readonly #pins: Pin[][] = chunks.map(() => []);

  constructor(store: Store) {
    this.#store = store;
  }

  async call([method, which]: Call): Promise<unknown> {
    const chunk = chunks[which]!;
    try {
      if (method === "put") return await this.#store.put(chunk);
      if (method === "get") return (await this.#store.get(chunk.id)).bytes;
      if (method === "has") return await this.#store.has(chunk.id);
      if (method === "delete") return await this.#store.delete(chunk.id);
    } catch (error) {
      return (error as { code: string }).code;
    }
    if (method === "release") return this.#pins[which]!.pop()?.release();
    const pin = await this.#store.pin(chunk.id);
    if (pin) this.#pins[which]!.push(pin);
    return pin !== undefined;
  }
}

const root = mkdtempSync(join(tmpdir(), "store-law-"));
let count = 0;
afterAll(() => rmSync(root, { recursive: true }));

const stores: Record<string, { open: () => Promise<Store>; numRuns: number }> = {
  memory: { open: async () => memoryStore(), numRuns: 300 },
  cafs: { open: async () => cafsStore(createCafsStorage({ capacityBytes: 1e6 })), numRuns: 300 },
  tiered: {
    open: async () => tieredStore([memoryStore({ capacityBytes: 300 }), memoryStore()]),
    numRuns: 300,
  },
  dir: { open: () => dirStore(join(root, String(count++))), numRuns: 40 },
};

describe.each(Object.entries(stores))("%s store", (_, { open, numRuns }) => {
  it("answers any row of calls like the model", async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (row) => {
        const store = await open();
        const [model, subject] = [new StoreModel(), new StoreUnderTest(store)];
        for (const call of row) expect(await subject.call(call)).toEqual(model.expected(call));
        const listed: string[] = [];
        for await (const { id } of store.list()) listed.push(toHex(id));
        expect(listed.sort()).toEqual([...model.present].map((which) => toHex(chunks[which]!.id)).sort());
        await store.close();
      }),
      { numRuns },
    );
  });
});

it("a memory store with a capacity keeps within it and never loses what is pinned", async () => {
  const charge = (which: number) => chunks[which]!.bytes.length + chunkChargeBytes;
  await fc.assert(
    fc.asyncProperty(calls, fc.integer({ min: 0, max: 1000 }), async (row, capacityBytes) => {
      const store = memoryStore({ capacityBytes });
      const [model, subject] = [new StoreModel(), new StoreUnderTest(store)];
      for (const call of row) {
        const [method, which] = call;
        // The model learns what was evicted; a pinned chunk may not be among that.
        for (const each of model.present) {
          if (await store.has(chunks[each]!.id)) continue;
          expect(model.pinCounts[each]).toBe(0);
          model.present.delete(each);
        }
        const answer = await subject.call(call);
        if (answer === "NO_SPACE") {
          const pinned = [...model.present].filter((each) => model.pinCounts[each]! > 0);
          expect(method).toBe("put");
          expect(pinned.reduce((sum, each) => sum + charge(each), charge(which))).toBeGreaterThan(
            capacityBytes,
          );
        } else {
          expect(answer).toEqual(model.expected(call));
        }
        let usedBytes = 0;
        for await (const { size } of store.list()) usedBytes += size + chunkChargeBytes;
        expect(usedBytes).toBeLessThanOrEqual(capacityBytes);
      }
    }),
    { numRuns: 300 },
  );
});

/**
 * Content that the rule cuts often: runs of a pattern that ends a chunk every 128 bytes, and noise.
 */
const content = fc
  .array(
    fc.oneof(
      fc.nat(1000).map((size) => Uint8Array.from({ length: size }, (_, i) => (i % 2 ? 0x2d : 0x07))),
      fc.nat(3).map((seed) => seededBytes(seed, 3000)),
    ),
    { maxLength: 4 },
  )
  .map(concatBytes);

describe("CAFS storage", () => {
  it("gives back every file, keeps its accounts, and is empty when all is disposed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(content, fc.boolean()), { maxLength: 8 }),
        fc.integer({ min: 2000, max: 60_000 }),
        (files, capacityBytes) => {
          const storage = createCafsStorage({ capacityBytes });
          const held: [CafsFile, Uint8Array][] = [];
          for (const [bytes, keep] of files) {
            const temporary = storage.create();
            try {
              temporary.write(bytes);
              temporary.close();
              const file = temporary.file();
              if (keep) held.push([file, bytes]);
              else file.dispose();
            } catch (error) {
              expect(error).toMatchObject({ code: "NO_SPACE" });
            }
            temporary.dispose();
            expect(storage.usedBytes).toBeLessThanOrEqual(capacityBytes);
            expect(storage.lockedBytes).toBeLessThanOrEqual(storage.usedBytes);
            for (const [file, bytes] of held) {
              expect(equalBytes(concatBytes([...file.read()]), bytes)).toBe(true);
              expect(file.key).toEqual(chunkOf(bytes).id);
            }
          }
          for (const [file] of held) file.dispose();
          expect(storage.freeCache()).toBeGreaterThanOrEqual(0);
          expect([storage.usedBytes, storage.lockedBytes, [...storage.list()].length]).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
