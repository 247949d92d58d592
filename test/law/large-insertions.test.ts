import { expect, test } from "vitest";
import { concatBytes, equalBytes } from "../../src/bytes/compare.ts";
import { maxPartBytes } from "../../src/session/levels/pieces/piece-bounds.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { seededBytes, seededRandom } from "../../src/testing/random.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../src/types.ts";
import { textOf } from "./versions.ts";

/** Versions of each kind. */
const runCount = Number(process.env["LAW_RUNS"] ?? 1);
const firstSeed = Math.floor(Math.random() * 2 ** 30);
console.log(`large insertions: seeds from ${firstSeed}`);

const contents = { noise: (size: number, seed: number) => seededBytes(seed, size) as Bytes, text: textOf };

/** Where something new stands in an old version: parts of that, in their order. */
const places = {
  "behind the old version": () => [1],
  "before it": () => [0],
  "in the middle": () => [0.5],
  "at some place": (random: () => number) => [random()],
  "at three places": (random: () => number) => [random(), random(), random()].sort((a, b) => a - b),
};

const oldBytes = 1_500_000;
const newBytes = 3_000_000;

async function send(before: Bytes, after: Bytes): Promise<{ readonly down: number; readonly up: number }> {
  const to = memoryDir({ file: memoryFile(before) });
  const [left, right] = duplexPair();
  const unhurried = { helloMs: 0, stallMs: 0 };
  const [{ wireSentBytes, wireReceivedBytes }] = await Promise.all([
    sendTree(memorySource(memoryDir({ file: memoryFile(after, { mtimeSec: 5 }) })), left, unhurried),
    receiveTree(memoryTarget(to), right, unhurried),
  ]);
  const copy = to.children.get("file");
  expect(copy?.kind === "file" && equalBytes(copy.bytes, after)).toBe(true);
  return { down: wireSentBytes, up: wireReceivedBytes };
}

const works = Object.keys(contents).flatMap((kind) => Object.keys(places).map((place) => [kind, place]));

test.each(works)("%s %s takes about the bytes that are new", async (kind, place) => {
  const contentOf = contents[kind as keyof typeof contents];
  for (let seed = firstSeed; seed < firstSeed + runCount; seed++) {
    const before = contentOf(oldBytes, 2 * seed);
    const cuts = places[place as keyof typeof places](seededRandom(seed)).map((at) =>
      Math.floor(at * oldBytes),
    );
    const inserted = contentOf(newBytes, 2 * seed + 1);
    const size = newBytes / cuts.length;
    const after = concatBytes([
      ...cuts.flatMap((at, i) => [
        before.subarray(i === 0 ? 0 : cuts[i - 1]!, at),
        inserted.subarray(i * size, (i + 1) * size),
      ]),
      before.subarray(cuts.at(-1)!),
    ]);
    const { down, up } = await send(before, after);
    // MACs of pieces; the pieces around each cut; a part, for a match that is wrong by chance.
    const spare = after.length / 500 + cuts.length * 65_536 + maxPartBytes;
    expect([seed, down < newBytes + spare]).toEqual([seed, true]);
    // What is told of gaps.
    expect([seed, up < newBytes / 20 + 10_000]).toEqual([seed, true]);
  }
});
