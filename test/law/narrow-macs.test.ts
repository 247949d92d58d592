import { expect, test, vi } from "vitest";
import type { SyncError } from "../../src/errors.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type * as Widths from "../../src/session/levels/pieces/mac-widths.ts";
import { diceOf } from "./each-seed.ts";
import { makeVersions, type Versions } from "./versions.ts";

const widths = vi.hoisted(() => ({ piece: 1, gap: 1 }));
vi.mock("../../src/session/levels/pieces/mac-widths.ts", async (importOriginal) => ({
  ...(await importOriginal<typeof Widths>()),
  pieceWidth: () => widths.piece,
  gapWidth: () => widths.gap,
}));

const firstSeed = Math.floor(Math.random() * 2 ** 30);
console.log(`narrow MACs: seeds from ${firstSeed}`);

function treeOf(all: readonly Versions[], which: "before" | "after", mtimeSec: number): MemoryDir {
  const files = all.map((versions, i) => [`f${i}`, memoryFile(versions[which].slice(), { mtimeSec })]);
  return memoryDir(Object.fromEntries(files));
}

test("new versions arrive as they are, each part once more at most, when most matches are wrong", async () => {
  let wrongBytes = 0;
  for (let seed = firstSeed; seed < firstSeed + 40; seed++) {
    const dice = diceOf(seed);
    const all = Array.from({ length: 1 + dice(3) }, () => makeVersions(dice));
    Object.assign(widths, { piece: 1 + dice(2), gap: 1 + dice(2) });
    const [from, to] = [treeOf(all, "after", 2), treeOf(all, "before", 1)];
    const [left, right] = duplexPair({ bufferBytes: 1 + dice(200_000) });
    const troubles: string[] = [];
    const onTrouble = ({ code }: SyncError): void => void troubles.push(code);
    const unhurried = { helloMs: 0, stallMs: 0, onTrouble };
    const [sent] = await Promise.all([
      sendTree(memorySource(from), left, { ...unhurried, compress: false }),
      receiveTree(memoryTarget(to), right, unhurried),
    ]);
    expect([seed, troubles]).toEqual([seed, []]);
    for (const [i, { after }] of all.entries()) {
      const copy = to.children.get(`f${i}`);
      const isRight = copy?.kind === "file" && copy.mtimeSec === 2 && Buffer.compare(copy.bytes, after) === 0;
      expect([seed, i, isRight]).toEqual([seed, i, true]);
    }
    const { PART = 0 } = sent.frames.sent;
    const newBytes = all.reduce((sum, { after }) => sum + after.length, 0);
    expect([seed, PART <= newBytes * 1.001 + 1000]).toEqual([seed, true]);
    wrongBytes += PART;
  }
  expect(wrongBytes).toBeGreaterThan(0);
});
