import { expect, test } from "vitest";
import { ChunksAhead, type PlacedChunk, seedLimits } from "../../../src/casync/chunks-ahead.ts";
import { type ChunkId, idBytes } from "../../../src/chunk/chunk.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";

const { seedAheadCount } = seedLimits;
const missing: ChunkId = new Uint8Array(idBytes);

/** The chunk of a number. */
function numbered(number: number) {
  return chunkOf(new Uint8Array(Uint32Array.of(number).buffer));
}

/** Chunks by their numbers, and how many were read. */
function chunksUpTo(count: number) {
  const reading = { count: 0 };
  async function* read(): AsyncGenerator<PlacedChunk, void, undefined> {
    for (let number = 0; number < count; number++) {
      reading.count++;
      yield { chunk: numbered(number), offset: 4 * number };
    }
  }
  return { ahead: new ChunksAhead(read()), reading };
}

/** Long enough for all that a stream in memory has. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("chunks are read as far as they are asked for, while all of those are found", async () => {
  const { ahead, reading } = chunksUpTo(10 * seedAheadCount);
  for (const number of [0, 5, seedAheadCount, 2 * seedAheadCount]) {
    expect(await ahead.find(numbered(number).id)).toMatchObject({ offset: 4 * number });
    await idle();
    expect(reading.count).toBe(number + 1);
  }
});

test("a chunk that is not among the next is told to be missing before the others are read", async () => {
  const { ahead, reading } = chunksUpTo(10 * seedAheadCount);
  const far = numbered(3 * seedAheadCount).id;
  await ahead.find(numbered(99).id);
  let countThen = 0;
  const told = ahead.find(missing).then((found) => ((countThen = reading.count), found));
  expect(await Promise.all([told, ahead.find(far)])).toEqual([undefined, undefined]);
  expect(countThen - 100 - seedAheadCount).toBeLessThan(10);
});

test("the others are read then, whoever asks for what, and what is among the next is found", async () => {
  const { ahead, reading } = chunksUpTo(10 * seedAheadCount);
  await ahead.find(missing);
  ahead.use(seedAheadCount - 1);
  expect(await ahead.find(numbered(seedAheadCount + 20).id)).toMatchObject({
    offset: 4 * (seedAheadCount + 20),
  });
  await idle();
  expect(reading.count).toBe(10 * seedAheadCount);
  expect(await ahead.find(missing)).toBeUndefined();
});

test("nothing is read any more once it is closed", async () => {
  const { ahead, reading } = chunksUpTo(1e9);
  await ahead.find(missing);
  await ahead.close();
  const { count } = reading;
  await idle();
  expect(reading.count).toBe(count);
});
