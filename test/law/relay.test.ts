import fc from "fast-check";
import { expect, test } from "vitest";
import { override } from "../../src/bytes/override.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { isSyncError, SyncError } from "../../src/errors.ts";
import { RelayChunks } from "../../src/relay/relay-chunks.ts";
import { createBuilder } from "../../src/remotesync/builder.ts";
import { writeChunkData } from "../../src/remotesync/sender.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";

/** Few contents, so that they repeat: zeros of several lengths, and others. */
const contents = [0, 1, 48, 4096, 131_072].map((size) => new Uint8Array(size));
contents.push(Uint8Array.of(1), Uint8Array.of(2, 3), new Uint8Array(5000).fill(7));
const chunks = contents.map((bytes) => chunkOf(bytes));
const numbers = fc.array(fc.nat({ max: chunks.length - 1 }), { minLength: 1, maxLength: 40 });

/** A store in which so many writes fail, as `fails` says in turn. */
function failingStore(fails: readonly boolean[]): { store: Store; kept: Store } {
  const kept = memoryStore();
  let puts = 0;
  const store = override(kept, {
    async put(chunk, options) {
      await Promise.resolve();
      if (fails[puts++ % fails.length] === true) throw new SyncError("IO", "the write failed");
      await kept.put(chunk, options);
    },
  });
  return { store, kept };
}

const fails = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });

test("a file is built of what the store holds, or not at all, and what came before is not asked for again", async () => {
  await fc.assert(
    fc.asyncProperty(numbers, fails, fc.constantFrom([0], [1, 0], [2, 0, 1]), async (list, failing, perm) => {
      const info = { chunks: list.map((at) => ({ id: chunks[at]!.id, size: contents[at]!.length })), perm };
      const source = memoryStore();
      for (const chunk of chunks) await source.put(chunk);
      const { store, kept } = failingStore(failing);
      for (let attempt = 0; ; attempt++) {
        const working = attempt < 10 ? store : kept;
        const builder = createBuilder(info, working, { windowCount: 8 });
        const parts: Uint8Array[] = [];
        let sent = 0;
        const counted = override(source, {
          async get(id, options) {
            expect(await kept.has(id)).toBe(false);
            sent += 1;
            return source.get(id, options);
          },
        });
        try {
          const stream = writeChunkData(info, { get: counted.get }, builder.wishlist);
          for await (const part of builder.build(stream)) parts.push(part.slice());
          expect(Buffer.concat(parts).equals(Buffer.concat(list.map((at) => contents[at]!)))).toBe(true);
          return;
        } catch (thrown) {
          if (!isSyncError(thrown, "IO")) throw thrown;
          expect(sent).toBeGreaterThan(0);
        }
      }
    }),
  );
});

test("a relay counts on a chunk only when its store has it, whoever brings it and however often that fails", async () => {
  const step = fc.record({
    what: fc.constantFrom("claim", "put", "release"),
    chunk: fc.nat({ max: chunks.length - 1 }),
    carrier: fc.nat({ max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fails, async (steps, failing) => {
      const { store, kept } = failingStore(failing);
      const relayed = new RelayChunks(store);
      const carriers = [{}, {}, {}];
      await Promise.all(
        steps.map(async ({ what, chunk: at, carrier }, turn) => {
          for (let i = 0; i < turn % 5; i++) await Promise.resolve();
          const chunk = chunks[at]!;
          if (what === "claim") await relayed.claim(chunk.id, carriers[carrier]!, {});
          else if (what === "release") relayed.release(carriers[carrier]!);
          else
            await relayed.put(chunk).catch((error: unknown) => expect(error).toMatchObject({ code: "IO" }));
          for (const { id } of chunks) if (relayed.has(id)) expect(await kept.has(id)).toBe(true);
        }),
      );
      for (const carrier of carriers) relayed.release(carrier);
      for (const { id } of chunks) {
        expect(relayed.isComing(id)).toBe(false);
        if (relayed.has(id)) await relayed.get(id, {});
      }
    }),
  );
});
