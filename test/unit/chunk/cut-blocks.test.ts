import { expect, test } from "vitest";
import { type BlockNamer, cutBlocks, nameBlock } from "../../../src/chunk/cut-blocks.ts";
import { cutChunks } from "../../../src/chunk/cut-chunks.ts";
import { casyncSpec } from "../../../src/chunk/cutter-specs.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { copyOfChunk } from "../../../src/chunk/verify.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { seededRandom } from "../../../src/testing/random.ts";

const spec = casyncSpec({ minBytes: 2048, averageBytes: 8192, maxBytes: 32768 });
const firstSeed = Math.floor(Math.random() * 2 ** 30);
console.log(`blocks of chunks: seeds from ${firstSeed}`);

/** Content in blocks of any length, the memory of which is used again. */
async function* content(seed: number, sizeBytes: number) {
  const random = seededRandom(seed);
  const memory = new Uint8Array(200_000);
  for (let left = sizeBytes; left > 0;) {
    const length = Math.min(left, Math.floor(random() * memory.length));
    for (let i = 0; i < length; i++) memory[i] = random() * 256;
    left -= length;
    yield memory.subarray(0, length);
    memory.fill(0);
  }
}

async function copies(chunks: AsyncIterable<Chunk>) {
  const all: Chunk[] = [];
  for await (const chunk of chunks) all.push(copyOfChunk(chunk));
  return all;
}

/** Names blocks as a thread does: their memory is not the cutter's meanwhile. */
function namer(aheadCount: number): BlockNamer {
  return {
    aheadCount,
    async name({ memory, ends }) {
      const own = structuredClone({ memory, ends }, { transfer: [memory.buffer] });
      await new Promise((resolve) => setImmediate(resolve));
      return nameBlock(own, sha256Digest);
    },
  };
}

test.each([0, 1, 3])("chunks of blocks are those of a stream, %i ahead", async (aheadCount) => {
  for (const [i, sizeBytes] of [0, 1, 2047, 100_000, 1_100_000, 5_000_000].entries()) {
    const seed = firstSeed + i;
    const plain = await copies(cutChunks(content(seed, sizeBytes), spec));
    const named = await copies(cutBlocks(content(seed, sizeBytes), spec, namer(aheadCount)));
    expect([seed, named.length]).toEqual([seed, plain.length]);
    expect(
      named.every(
        ({ id, bytes }, k) =>
          Buffer.compare(id, plain[k]!.id) === 0 && Buffer.compare(bytes, plain[k]!.bytes) === 0,
      ),
    ).toBe(true);
  }
});

test("what a namer fails with is thrown, and all others are waited for", async () => {
  let open = 0;
  const failing: BlockNamer = {
    aheadCount: 2,
    async name(block) {
      const isFirst = open++ === 0;
      await new Promise((resolve) => setImmediate(resolve));
      if (isFirst) throw new Error("the thread ended");
      open -= 1;
      return nameBlock(block, sha256Digest);
    },
  };
  await expect(copies(cutBlocks(content(firstSeed, 9_000_000), spec, failing))).rejects.toThrow(
    "the thread ended",
  );
  expect(open).toBe(1);
});

test("who leaves early, or gives up, waits for what is under way and ends the source", async () => {
  let ended = false;
  async function* source() {
    try {
      yield* content(firstSeed, 9_000_000);
    } finally {
      ended = true;
    }
  }
  for await (const chunk of cutBlocks(source(), spec, namer(2))) {
    expect(chunk.bytes.length).toBeGreaterThan(0);
    break;
  }
  expect(ended).toBe(true);
  const signal = AbortSignal.abort(new Error("given up"));
  await expect(copies(cutBlocks(content(firstSeed, 9_000_000), spec, namer(2), { signal }))).rejects.toThrow(
    "given up",
  );
});
