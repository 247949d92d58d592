import fs from "node:fs";
import { expect, test } from "vitest";
import type { SyncError } from "../../src/errors.ts";
import { type ReceiveSummary, receiveTree } from "../../src/session/receive.ts";
import { type SendOptions, type SendSummary, sendTree } from "../../src/session/send.ts";
import { faultyDuplex } from "../../src/testing/faulty-duplex.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type { TreeSource } from "../../src/tree/source.ts";
import type { TreeTarget } from "../../src/tree/target.ts";
import { soakLength } from "../soak-length.ts";
import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { type Dice, eachSeed } from "./each-seed.ts";
import { makeVersions, type Versions } from "./versions.ts";

interface Result {
  readonly sent: SendSummary;
  readonly received: ReceiveSummary;
  readonly troubles: readonly string[];
}

/** Runs a session with windows, memory and cuts of the streams by chance. */
async function run<File>(source: TreeSource<File>, target: TreeTarget, dice: Dice): Promise<Result> {
  const [left, right] = duplexPair({ bufferBytes: 1 + dice(200_000) });
  const seed = dice(2 ** 30);
  const troubles: string[] = [];
  const onTrouble = ({ code, message }: SyncError): void => void troubles.push(`${code} ${message}`);
  const windowOf = (): number => [1, 1000, 100_000, 8_388_608][dice(4)]!;
  const windows = { entries: windowOf(), chunks: windowOf(), data: windowOf() };
  const kept: Partial<SendOptions> =
    dice(2) === 0 ? {} : { keptContentBytes: [0, 1, 100_000, 1_000_000][dice(4)]! };
  const liveness = { helloMs: 0, stallMs: 0 };
  const maxBlockBytes = dice(2) === 0 ? 50_000 : 1000;
  const [sent, received] = await Promise.all([
    sendTree(source, faultyDuplex(left, { seed, maxBlockBytes }), { ...liveness, ...kept, onTrouble }),
    receiveTree(target, faultyDuplex(right, { seed, maxBlockBytes }), { ...liveness, windows, onTrouble }),
  ]);
  await source.close();
  return { sent, received, troubles };
}

function sum(bytes: SendSummary["frames"]["sent"], ...types: readonly (keyof typeof bytes)[]): number {
  return types.reduce((all, type) => all + (bytes[type] ?? 0), 0);
}

/** What small edits may cost at most: for each the pieces around it, and the MACs of everything. */
function expectFewBytes({ sent }: Result, all: readonly Versions[]): void {
  if (!all.every(({ isPlain, before, after }) => isPlain && before.length > 32_768 && after.length > 32_768))
    return;
  const editCount = all.reduce((count, versions) => count + versions.editCount, 0);
  const newBytes = all.reduce((count, versions) => count + versions.newBytes, 0);
  const bytes = all.reduce((count, { after, before }) => count + after.length + before.length, 0);
  const { sent: down, received: up } = sent.frames;
  const content = sum(down, "DELTA", "PART", "PUSH", "DATA", "CHUNKS");
  // An edit spoils two pieces of 32 KiB at most; small ones in their place take 4 bytes in 128.
  expect(content).toBeLessThanOrEqual(1000 + newBytes + editCount * 2 * 32_768);
  expect(sum(down, "PIECES", "SAME")).toBeLessThanOrEqual(1000 + bytes / 64);
  expect(sum(up, "WISH_PIECES", "WISH_FILES")).toBeLessThanOrEqual(1000 + bytes / 200 + editCount * 4 * 2048);
}

function treeOf(all: readonly Versions[], which: "before" | "after", mtimeSec: number): MemoryDir {
  const files = all.map((versions, i) => [`f${i}`, memoryFile(versions[which].slice(), { mtimeSec })]);
  return memoryDir(Object.fromEntries(files));
}

test("new versions arrive as they are in memory", async () => {
  await eachSeed(soakLength("pairs of trees in memory", 40, 0.7), async (seed, dice) => {
    const all = Array.from({ length: 1 + dice(4) }, () => makeVersions(dice));
    const [from, to] = [treeOf(all, "after", 2), treeOf(all, "before", 1)];
    const result = await run(memorySource(from), memoryTarget(to), dice);
    expect([seed, result.troubles]).toEqual([seed, []]);
    for (const [name, node] of from.children) {
      const copy = to.children.get(name);
      const isSame =
        node.kind === "file" && copy?.kind === "file" && Buffer.compare(node.bytes, copy.bytes) === 0;
      expect([seed, name, isSame, copy?.mtimeSec]).toEqual([seed, name, true, 2]);
    }
    expect(result.sent.frames.received.WISH_PARTS ?? 0).toBeLessThan(500);
    expectFewBytes(result, all);
  });
});

test("new versions arrive as they are on disk", async () => {
  await eachSeed(soakLength("pairs of trees on disk", 25, 0.3), async (seed, dice) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    const all = Array.from({ length: 1 + dice(4) }, () => makeVersions(dice));
    for (const [place, which, time] of [
      [from, "after", 2],
      [to, "before", 1],
    ] as const) {
      fs.mkdirSync(place);
      for (const [i, versions] of all.entries()) {
        fs.writeFileSync(`${place}/f${i}`, versions[which]);
        fs.utimesSync(`${place}/f${i}`, time, time);
      }
    }
    const result = await run(await openTreeSource(`${from}/`), await openTreeTarget(to), dice);
    expect([seed, result.troubles]).toEqual([seed, []]);
    for (const [i, { after }] of all.entries()) {
      const copy = fs.readFileSync(`${to}/f${i}`);
      const isSame = Buffer.compare(copy, after) === 0;
      expect([seed, i, isSame, fs.statSync(`${to}/f${i}`).mtimeMs]).toEqual([seed, i, true, 2000]);
    }
    expect([seed, fs.readdirSync(to).length]).toEqual([seed, all.length]);
    expectFewBytes(result, all);
  });
});
