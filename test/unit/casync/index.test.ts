import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import { blobFeatures } from "../../../src/casync/features.ts";
import { digestOfIndex, type IndexChunk, type IndexHeader } from "../../../src/casync/index-header.ts";
import { readIndex } from "../../../src/casync/index-reader.ts";
import { writeIndex } from "../../../src/casync/index-writer.ts";
import { casyncSizes } from "../../../src/chunk/cutter-specs.ts";
import { casyncJson, casyncVector, collect, inBlocks } from "./vectors.ts";

interface Run {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  readonly digest: string;
  readonly indexFeatureFlags: string;
  readonly caibx: string;
  readonly sizes: readonly number[];
  readonly ids: readonly string[];
}

async function readAll(bytes: Uint8Array, blockBytes?: number) {
  const { chunks, features, sizes } = await readIndex(inBlocks(bytes, blockBytes));
  return { header: { features, sizes }, chunks: (await collect(chunks)).flat() };
}

async function written(header: IndexHeader, chunks: readonly Pick<IndexChunk, "id" | "size">[]) {
  const items = (async function* () {
    yield* chunks;
  })();
  return concatBytes(await collect(writeIndex(header, items)));
}

test.each(casyncJson<{ cases: { name: string; runs: Run[] }[] }>("chunking.json").cases)(
  "indexes of $name are read as casync meant them, and written again byte for byte",
  async ({ runs }) => {
    for (const run of runs) {
      const bytes = casyncVector(run.caibx);
      const { header, chunks } = await readAll(bytes, 100);
      expect(header).toEqual({
        features: BigInt(run.indexFeatureFlags),
        sizes: { minBytes: run.min, averageBytes: run.avg, maxBytes: run.max },
      });
      expect(digestOfIndex(header).name).toBe(run.digest === "sha256" ? "sha-256" : "sha-512/256");
      expect(chunks.map(({ size }) => size)).toEqual(run.sizes);
      expect(chunks.map(({ id }) => toHex(id))).toEqual(run.ids);
      expect(await written(header, chunks)).toEqual(bytes);
    }
  },
);

const small = casyncVector("store/blob.caibx");

test("an index comes in blocks of any size", async () => {
  const whole = await readAll(small);
  for (const blockBytes of [1, 7, 39, 40, 41, 64, 65, 104]) {
    expect(await readAll(small, blockBytes)).toEqual(whole);
  }
});

test("what comes behind an index is not held to be part of it", async () => {
  await expect(readAll(concatBytes([small, new Uint8Array(1)]))).rejects.toMatchObject({
    code: "BAD_MESSAGE",
  });
});

test("an index that ends early is refused, wherever that is", async () => {
  for (let length = 0; length < small.length; length++) {
    await expect(readAll(small.subarray(0, length), 41), String(length)).rejects.toMatchObject({
      code: "TRUNCATED",
    });
  }
});

test("no changed bit of the frame of an index goes unseen", async () => {
  const ids = new Set<number>();
  for (let item = 64; item < small.length - 40; item += 40)
    for (let at = item + 8; at < item + 40; at++) ids.add(at);
  const { header } = await readAll(small);
  for (let at = 0; at < small.length; at++) {
    if (ids.has(at)) continue;
    const changed = small.slice();
    changed[at]! ^= 0x10;
    const read = await readAll(changed).catch((thrown: unknown) => thrown);
    if (!(read instanceof Error)) {
      // Other sizes or features may be legal, and so may be another place for an end of a chunk.
      const isHeader = at >= 16 && at < 48;
      const isOffset = at >= 64 && at < small.length - 40;
      expect(isHeader || isOffset, `byte ${at}`).toBe(true);
      if (isHeader) expect((read as { header: IndexHeader }).header).not.toEqual(header);
    } else {
      expect((read as { code?: string }).code, `byte ${at}`).toMatch(
        /^(BAD_MESSAGE|UNSUPPORTED|LIMIT|TRUNCATED)$/,
      );
    }
  }
});

describe("an index with a lie is refused:", () => {
  const id = new Uint8Array(32);
  const header = { features: blobFeatures, sizes: casyncSizes };

  test("a chunk longer than the longest", async () => {
    const bytes = await written(header, [{ id, size: casyncSizes.maxBytes + 1 }]);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  });

  test("chunks that go back", async () => {
    const bytes = await written(header, [
      { id, size: 1000 },
      { id, size: -1 },
    ]);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  });

  test("a chunk of nothing", async () => {
    for (const chunks of [
      [{ id, size: 0 }],
      [
        { id, size: 1000 },
        { id, size: 0 },
      ],
    ])
      await expect(readAll(await written(header, chunks))).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  });

  test("a chunk that ends beyond what a number can say", async () => {
    for (const end of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const bytes = await written(header, [
        { id, size: 1000 },
        { id, size: 1000 },
      ]);
      new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(64 + 40, end, true);
      await expect(readAll(bytes)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
    }
  });

  test("chunks of more than can be held", async () => {
    const sizes = { minBytes: 1, averageBytes: 2, maxBytes: 2 ** 40 };
    await expect(readAll(await written({ ...header, sizes }, []))).rejects.toMatchObject({ code: "LIMIT" });
  });

  test("features that contradict each other", async () => {
    const features = 0x3n;
    const bytes = await written({ ...header, features }, []);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  });

  test("features that nobody knows", async () => {
    const bytes = await written({ ...header, features: 1n << 40n }, []);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});

test("all indexes of archives are read", async () => {
  const names = readdirSync(new URL("../../vectors/casync/catar", import.meta.url));
  const indexes = names.filter((name) => name.endsWith(".caidx"));
  expect(indexes.length).toBeGreaterThan(2);
  for (const name of indexes) {
    const bytes = casyncVector(`catar/${name}`);
    const { header, chunks } = await readAll(bytes);
    expect(await written(header, chunks)).toEqual(bytes);
  }
});
