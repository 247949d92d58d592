import { expect, test } from "vitest";
import { casyncTreeFeatures } from "../../../src/casync/features.ts";
import { digestOfIndex } from "../../../src/casync/index-header.ts";
import { SeedChunks } from "../../../src/casync/seed-chunks.ts";
import type { ChunkId } from "../../../src/chunk/chunk.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import type { Bytes } from "../../../src/types.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

const bytes = 50;
const header = {
  features: casyncTreeFeatures,
  sizes: { minBytes: bytes, averageBytes: bytes, maxBytes: bytes },
};

function seedOf(content: Bytes, blocks: AsyncIterable<Bytes>) {
  return new SeedChunks(blocks, header, (offset, size) => content.subarray(offset, offset + size));
}

/** The id of the chunk of a number. */
function idAt(content: Bytes, number: number) {
  return chunkOf(content.subarray(number * bytes, (number + 1) * bytes), digestOfIndex(header)).id;
}

test("what is there several times is found where it was first", async () => {
  const part = xorshiftBytes(2, bytes);
  const content = Buffer.concat([part, xorshiftBytes(3, bytes), part, xorshiftBytes(4, bytes)]);
  async function* blocks() {
    yield content;
  }
  const seed = seedOf(content, blocks());
  expect(await seed.find(idAt(content, 3))).toMatchObject({ offset: 3 * bytes });
  expect(seed.find(idAt(content, 0))).toMatchObject({ offset: 0 });
  await seed.close();
});

test("a passed chunk that is of use has later ones waited for, though one was missing before it", async () => {
  const cutCount = (2 ** 20 + bytes) / bytes; // chunks that a cutter finds at a time
  const content = xorshiftBytes(6, Math.floor(cutCount) * bytes + 2000 * bytes);
  let goOn = (): void => {};
  const isAsked = new Promise<void>((resolve) => (goOn = resolve));
  async function* blocks() {
    yield content.subarray(0, 2 ** 20 + bytes);
    await isAsked;
    yield content.subarray(2 ** 20 + bytes);
  }
  const seed = seedOf(content, blocks());
  const [passed, later] = [Math.floor(cutCount) - 10, Math.floor(cutCount) + 900];
  expect(await seed.find(idAt(xorshiftBytes(7, bytes), 0))).toBeUndefined();
  await untilFound(seed, idAt(content, passed));
  const found = seed.find(idAt(content, later));
  goOn();
  expect(await found).toMatchObject({ offset: later * bytes });
  await seed.close();
});

/** Asks till a chunk was passed by what reads on beside. */
async function untilFound(seed: SeedChunks, id: ChunkId): Promise<void> {
  while (!(await seed.find(id))) await new Promise(setImmediate);
}
