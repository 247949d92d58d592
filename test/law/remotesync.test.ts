import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, equalBytes } from "../../src/bytes/compare.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { isSyncError } from "../../src/errors.ts";
import { createBuilder } from "../../src/remotesync/builder.ts";
import { encodeChunk } from "../../src/remotesync/chunk-stream.ts";
import { invertPermutation, type Permutation } from "../../src/remotesync/permutation.ts";
import { writeChunkData } from "../../src/remotesync/sender.ts";
import { shuffle, shuffledOrder, Shuffler, unshuffle } from "../../src/remotesync/shuffle.ts";
import { decodeSyncInfo, encodeSyncInfo } from "../../src/remotesync/sync-info-json.ts";
import { decodeLegacyChunks, encodeLegacyChunks } from "../../src/remotesync/sync-info-legacy.ts";
import type { SyncInfo } from "../../src/remotesync/sync-info.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bytes } from "../../src/types.ts";

const permutations = fc.integer({ min: 1, max: 20 }).chain((k) =>
  fc.shuffledSubarray(
    Array.from({ length: k }, (_, i) => i),
    { minLength: k },
  ),
);

/** Contents of chunks, some empty, many alike. */
const contents = fc.array(fc.uint8Array({ maxLength: 3, max: 3 }), { maxLength: 40 });

const scenarios = fc.record({
  parts: contents,
  perm: permutations,
  present: fc.infiniteStream(fc.boolean()),
  windowCount: fc.integer({ min: 0, max: 64 }),
  cuts: fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
});

interface File {
  readonly info: SyncInfo;
  readonly bytes: Bytes;
  readonly source: Store;
  readonly target: Store;
}

async function open(parts: readonly Bytes[], perm: Permutation, present: Iterator<boolean>): Promise<File> {
  const [source, target] = [memoryStore(), memoryStore()];
  const chunks = parts.map((bytes) => chunkOf(bytes));
  for (const chunk of chunks) {
    await source.put(chunk);
    if (present.next().value === true) await target.put(chunk);
  }
  const info = { chunks: chunks.map(({ id, bytes }) => ({ id, size: bytes.length })), perm };
  return { info, bytes: concatBytes(parts), source, target };
}

/** The same bytes in other blocks. */
async function* recut(
  source: AsyncIterable<Bytes>,
  cuts: Iterator<number>,
): AsyncGenerator<Bytes, void, undefined> {
  for await (const block of source) {
    for (let at = 0; at < block.length;) {
      const end = at + (cuts.next().value as number);
      yield block.subarray(at, end);
      at = end;
    }
  }
}

async function collect(source: AsyncIterable<Bytes>): Promise<Bytes> {
  const blocks: Bytes[] = [];
  for await (const block of source) blocks.push(block.slice());
  return concatBytes(blocks);
}

async function* streamOf(bytes: Bytes): AsyncGenerator<Bytes, void, undefined> {
  yield bytes;
}

describe("the shuffle", () => {
  it("is the closed form", () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), permutations, (n, perm) => {
        const k = perm.length;
        const expected = Array.from({ length: n + k - 1 }, (_, t) => {
          const delay = (((t % k) - perm.indexOf(t % k)) % k) + k;
          const s = t - (delay % k);
          return s < 0 || s >= n ? -1 : s;
        });
        expect([...shuffledOrder(n, perm)]).toEqual(expected);
      }),
    );
  });

  it("is undone, each value exactly k - 1 steps late", () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), permutations, (n, perm) => {
        const values = Array.from({ length: n }, (_, i) => i);
        expect([...unshuffle(shuffle(values, perm), perm)]).toEqual(values);
        const restorer = new Shuffler<number>(invertPermutation(perm));
        const late = [...shuffle(values, perm)].map((value) => restorer.put(value));
        expect(late).toEqual([...new Array<undefined>(perm.length - 1).fill(undefined), ...values]);
      }),
    );
  });
});

describe("SyncInfo", () => {
  it("survives each of its forms", async () => {
    await fc.assert(
      fc.asyncProperty(contents, permutations, async (parts, perm) => {
        const { info } = await open(parts, perm, [][Symbol.iterator]());
        expect(decodeSyncInfo(encodeSyncInfo(info))).toEqual(info);
        expect(decodeSyncInfo(encodeSyncInfo(info), { lenient: false })).toEqual(info);
        const legacy = [];
        for await (const chunk of decodeLegacyChunks(streamOf(encodeLegacyChunks(info.chunks))))
          legacy.push(chunk);
        expect(legacy).toEqual(info.chunks);
      }),
    );
  });

  it("reads any text like JSON.parse or refuses it, and throws nothing but SyncErrors", () => {
    const texts = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((json) => `{"Chunks":[],"x":${json},"Perm":[0]}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          decodeSyncInfo(text);
          expect(JSON.parse(text)).toMatchObject({ Perm: [0] });
        } catch (thrown) {
          expect(isSyncError(thrown)).toBe(true);
          expect(text.startsWith(`{"Chunks":[],"x":`)).toBe(false);
        }
      }),
    );
  });
});

describe("an exchange", () => {
  it("gives the file for every permutation, store, window and way of cutting the streams", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ parts, perm, present, windowCount, cuts }) => {
        const { info, bytes, source, target } = await open(parts, perm, present);
        const builder = createBuilder(info, target, { windowCount });
        const chunkStream = writeChunkData(info, source, recut(builder.wishlist, cuts));
        expect(await collect(builder.build(recut(chunkStream, cuts)))).toEqual(bytes);
        for (const { id } of info.chunks) await target.delete(id);
      }),
    );
  });

  it("asks for each missing chunk once, at its first place in shuffled order", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ parts, perm, present }) => {
        const { info, source, target } = await open(parts, perm, present);
        const seen = new Set<string>();
        const expected: Bytes[] = [];
        for (const index of shuffledOrder(parts.length, perm)) {
          const part = parts[index];
          if (part === undefined || part.length === 0 || seen.has(part.join())) continue;
          seen.add(part.join());
          if (!(await target.has(info.chunks[index]!.id))) expected.push(encodeChunk(part));
        }
        const builder = createBuilder(info, target);
        expect(await collect(writeChunkData(info, source, builder.wishlist))).toEqual(concatBytes(expected));
        builder.close();
      }),
    );
  });

  it("is refused or unharmed when the chunk stream is cut off, changed, or added to", async () => {
    const damages = fc.record({
      cut: fc.nat(),
      flip: fc.nat(),
      add: fc.uint8Array({ maxLength: 4 }),
      kind: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(scenarios, damages, async ({ parts, perm, present, windowCount, cuts }, damage) => {
        const { info, bytes, source, target } = await open(parts, perm, present);
        const rehearsal = createBuilder(info, target);
        const chunkStream = await collect(writeChunkData(info, source, rehearsal.wishlist));
        rehearsal.close();
        const damaged = spoil(chunkStream, damage);
        const builder = createBuilder(info, target, { windowCount });
        try {
          const built = await collect(builder.build(recut(streamOf(damaged), cuts)));
          expect(built).toEqual(bytes);
          // A number may be written longer than it needs to be; all else must be as it was.
          if (damage.kind !== 1) expect(equalBytes(damaged, chunkStream)).toBe(true);
        } catch (thrown) {
          if (!isSyncError(thrown)) throw thrown;
        }
        for await (const { id } of target.list()) await target.get(id);
        for (const { id } of info.chunks) await target.delete(id);
      }),
    );
  });
});

function spoil(stream: Bytes, damage: { kind: number; cut: number; flip: number; add: Bytes }): Bytes {
  if (damage.kind === 0) return stream.subarray(0, damage.cut % (stream.length + 1));
  if (damage.kind === 2 || stream.length === 0) return concatBytes([stream, damage.add]);
  const changed = stream.slice();
  changed[damage.flip % stream.length]! ^= 1 << (damage.cut & 7);
  return changed;
}
