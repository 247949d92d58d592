import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { fileEntry } from "../../../src/archive/open-index.node.ts";
import {
  completing,
  cutParts,
  fileRangesOf,
  isEmptyRange,
  isInRange,
  type PartBound,
  type PartOfFile,
  rangeOf,
} from "../../../src/archive/parts.node.ts";
import { orderKeyOf } from "../../../src/archive/tree-index.node.ts";
import { override } from "../../../src/bytes/override.ts";
import { untilUnlocked } from "../../../src/cli/options/until-unlocked.ts";
import type { SyncError } from "../../../src/errors.ts";
import type { ReceiveSummary } from "../../../src/session/receive.ts";
import { openSource } from "../../../src/transfer/open-source.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import type { TransferOptions } from "../../../src/transfer/transfer-options.node.ts";
import { DirNode } from "../../../src/tree/disk/calls/dir-node.node.ts";
import { HeldDirs } from "../../../src/tree/disk/calls/held-dirs.node.ts";
import { FileRanges } from "../../../src/tree/disk/target/file-ranges.node.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import { cutLimits } from "../../../src/tree/order/file-range.ts";
import { noise, picture } from "../../cli/trees.ts";
import { syncTrees } from "../tree/disk/sync-trees.ts";
import { freshDir } from "./indexed-trees.ts";

const count = 3;
const bigBytes = 900_000;
const big = noise(bigBytes, "big");
const bigName = "d/m.img";
/** Bytes of a session that brings nothing, at most. */
const restBytes = 20_000;

/** As `cutParts` would cut it, were the file longer. */
const bounds: readonly PartBound[] = [300_000, 600_000].map((offset) => ({
  key: orderKeyOf(bigName),
  cut: { offset, fileBytes: bigBytes },
}));

let from: string;
let to: string;

beforeEach(() => {
  const dir = freshDir();
  [from, to] = [join(dir, "from"), join(dir, "to")];
  plantTree(big);
  fs.mkdirSync(to);
  missing.length = 0;
});

function plantTree(content: Buffer): void {
  fs.mkdirSync(join(from, "d"), { recursive: true });
  for (const name of ["a", "d/k", "z"]) fs.writeFileSync(join(from, name), name);
  fs.writeFileSync(join(from, bigName), content);
  for (const name of [bigName, "d", "."]) fs.utimesSync(join(from, name), 2000, 2000);
}

const troubles: SyncError[] = [];

/** Bytes that each session that was to complete the file said were missing. */
const missing: number[] = [];

/** Sends a part of a tree. @returns the bytes that came */
async function send(
  number: number,
  given: TransferOptions & { readonly tree?: string } = {},
): Promise<number> {
  const { tree = from, ...options } = given;
  const common = { part: `${number}/${count}`, onTrouble: (error: SyncError) => void troubles.push(error) };
  const range = rangeOf(bounds, number);
  let wireBytes = 0;
  const add = async (one: TransferOptions): Promise<number> => {
    const summary = await transfer(`${tree}/`, to, { ...common, ...one, ...options });
    wireBytes += (summary as ReceiveSummary).wireReceivedBytes;
    return summary.missingBytes;
  };
  if (!isEmptyRange(range)) expect(await add({ range })).toBe(0);
  for (const each of fileRangesOf(bounds, number)) expect(await add(each)).toBe(0);
  const complete = (each: PartOfFile) => async () => void missing.push(await add(completing(each)));
  for (const each of fileRangesOf(bounds, number)) await untilUnlocked(complete(each), {});
  return wireBytes;
}

const isThere = (): boolean => fs.existsSync(join(to, bigName));

function expectAll(): void {
  expect(picture(to)).toEqual(picture(from));
  expect(fs.existsSync(join(to, ".rsync-stream"))).toBe(false);
}

it("a long file is cut over several parts, each about as long as the others", async () => {
  const fileBytes = 5 * cutLimits.cutFileBytes;
  const entries = [
    fileEntry("a", 9),
    fileEntry("big", fileBytes),
    fileEntry("c", cutLimits.cutFileBytes - 1),
  ];
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  async function* listed() {
    yield entries;
  }
  const cut = await cutParts(listed(), { files: 3, bytes }, 4, true);
  const ranges = [1, 2, 3, 4].flatMap((number) => fileRangesOf(cut, number));
  expect(ranges).toHaveLength(4);
  let end = 0;
  for (const { range, fileRange } of ranges) {
    expect([isInRange("big", range), isInRange("bi", range), isInRange("bigg", range)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([fileRange.offset, fileRange.fileBytes]).toEqual([end, fileBytes]);
    end += fileRange.size;
    if (end < fileBytes) expect(Math.abs(fileRange.size - bytes / 4)).toBeLessThan(cutLimits.rangeStepBytes);
  }
  expect(end).toBe(fileBytes);
  const whole = [1, 2, 3, 4].map((number) => rangeOf(cut, number));
  for (const [name, count] of [
    ["a", 1],
    ["big", 0],
    ["c", 1],
    ["d", 1],
  ] as const)
    expect(whole.filter((range) => isInRange(name, range))).toHaveLength(count);
  expect(whole.map(isEmptyRange)).toEqual([false, true, true, false]);
});

it("a part may end in a short file before a long one, which begins the next part", async () => {
  const [short, long] = [cutLimits.cutFileBytes - 1, 2 * cutLimits.cutFileBytes];
  const entries = [fileEntry("a", short), fileEntry("big", long)];
  async function* listed() {
    yield entries;
  }
  const cut = await cutParts(listed(), { files: 2, bytes: short + long }, 4, true);
  const ranges = [1, 2, 3, 4].flatMap((number) => fileRangesOf(cut, number));
  let end = 0;
  for (const { fileRange } of ranges) {
    expect(fileRange.offset).toBe(end);
    expect(fileRange.size).toBeGreaterThan(0);
    end += fileRange.size;
  }
  expect(end).toBe(long);
  expect([1, 2, 3, 4].filter((number) => isInRange("a", rangeOf(cut, number)))).toEqual([1]);
});

it("is there when its last range is, in whatever order they come", async () => {
  const sent = [await send(3), await send(1)];
  expect(isThere()).toBe(false);
  sent.push(await send(2));
  expectAll();
  expect(missing).toEqual([600_000, 300_000, 0]);
  for (const bytes of sent) expect(Math.abs(bytes - bigBytes / count)).toBeLessThan(restBytes);
});

it("is there once when all come at the same time", async () => {
  await Promise.all([1, 2, 3].map(async (number) => send(number)));
  expectAll();
  expect([troubles, missing.includes(0)]).toEqual([[], true]);
});

it("nothing is missing for who comes late to a file that others have made of its ranges", async () => {
  const rule = { equality: "content" } as const;
  for (const number of [1, 2, 3]) await send(number, { rule });
  expectAll();
  const late = { part: "2/3", ...completing(fileRangesOf(bounds, 2)[0]!) };
  expect((await transfer(`${from}/`, to, { ...late, rule })).missingBytes).toBe(0);
  fs.appendFileSync(join(to, bigName), "another");
  expect((await transfer(`${from}/`, to, { ...late, rule })).missingBytes).toBe(bigBytes);
});

it("a part that is sent again sends no range again", async () => {
  await send(2);
  expect(await send(2)).toBeLessThan(restBytes);
  await send(1);
  await send(3);
  expectAll();
  expect(await send(2)).toBeLessThan(restBytes);
  expectAll();
});

it("what a part of it broke off is sent again", async () => {
  const end = new AbortController();
  const onProgress = (): void => end.abort(new Error("enough"));
  await expect(send(2, { signal: end.signal, onProgress })).rejects.toThrow("enough");
  await send(1);
  await send(3);
  expect(isThere()).toBe(false);
  await send(2);
  expectAll();
});

it("one that a host has otherwise, by the same size and time, is as the last host has it", async () => {
  const other = `${from}-2`;
  fs.cpSync(from, other, { recursive: true, preserveTimestamps: true });
  const fd = fs.openSync(join(other, bigName), "r+");
  fs.writeSync(fd, "otherwise", 400_000);
  fs.closeSync(fd);
  fs.utimesSync(join(other, bigName), 2000, 2000);
  await send(2, { tree: other });
  await send(1);
  expect(await send(3)).toBeLessThan(bigBytes / 2);
  expect(fs.readFileSync(join(to, bigName)).equals(big)).toBe(true);
});

it("ranges of two versions are no file", async () => {
  await send(1);
  const newer = Buffer.from(big.map((byte) => byte ^ 1));
  fs.writeFileSync(join(from, bigName), newer);
  fs.utimesSync(join(from, bigName), 3000, 3000);
  await send(2);
  await send(3);
  expect(isThere()).toBe(false);
  await send(1);
  expect(fs.readFileSync(join(to, bigName)).equals(newer)).toBe(true);
  await transfer(`${from}/`, to, {});
  expectAll();
});

it("one that is longer by now is reported, and left out", async () => {
  fs.appendFileSync(join(from, bigName), "more");
  await send(1);
  const changed = troubles.splice(0).filter(({ code }) => code === "CHANGED");
  expect(changed.map(({ detail }) => detail.path)).toEqual([bigName, bigName]);
  expect(fs.existsSync(join(to, ".rsync-stream"))).toBe(false);
});

it("what came in ranges is used when the whole is sent", async () => {
  const size = cutLimits.cutFileBytes;
  const range = { from: orderKeyOf(bigName), before: `${orderKeyOf(bigName)}\0` };
  plantTree(Buffer.concat([Buffer.alloc(size - bigBytes), big]));
  const fileRange = { offset: size - bigBytes, size: bigBytes, fileBytes: size };
  await transfer(`${from}/`, to, { part: "2/2", range, fileRange });
  const summary = await transfer(`${from}/`, to, {});
  expect((summary as ReceiveSummary).wireReceivedBytes).toBeLessThan(bigBytes / 2);
  expectAll();
});

/** What stands in the one directory of ranges. */
const rangesDir = (): string => {
  const staging = join(to, ".rsync-stream");
  return join(
    staging,
    fs.readdirSync(staging).find((name) => name.startsWith("ranges-"))!,
  );
};

function openRanges(held: HeldDirs, offset: number, size: number): FileRanges {
  const dir = held.hold(new DirNode(held.root, ".rsync-stream"), basename(rangesDir()));
  return new FileRanges(held, dir, { offset, size, fileBytes: bigBytes });
}

it("no range of it is passed over as long as who completes it may fail", async () => {
  await send(1);
  const held = new HeldDirs(to);
  const whole = openRanges(held, 0, bigBytes);
  whole.beginWhole();
  await expect(send(2)).rejects.toMatchObject({ code: "LOCKED" });
  whole.close();
  held.close();
  await send(2);
  await send(3);
  expectAll();
});

it("content that got the file's name, by a session that was killed then, is left alone", async () => {
  await send(1);
  const kept = join(to, "kept");
  fs.linkSync(join(rangesDir(), "content"), kept);
  const before = [fs.readFileSync(kept), fs.statSync(kept).mtimeMs];
  await send(2);
  await send(3);
  expect(fs.readFileSync(join(to, bigName)).equals(big)).toBe(true);
  expect(fs.statSync(join(to, bigName)).nlink).toBe(1);
  expect([fs.readFileSync(kept), fs.statSync(kept).mtimeMs]).toEqual(before);
});

it("one that may not be written is completed by who could not complete it before", async () => {
  fs.chmodSync(join(from, bigName), 0o444);
  fs.chmodSync(dirname(to), 0o755);
  const user = process.getuid!() || 65_534;
  fs.chownSync(to, user, -1);
  await asUser(user, async () => {
    await send(1);
    await send(2);
    fs.chmodSync(join(rangesDir(), "content"), 0o444);
    await send(3);
  });
  expect(fs.readFileSync(join(to, bigName)).equals(big)).toBe(true);
  expect(troubles).toEqual([]);
});

/** Does something as a user, who is nobody else but for root. */
async function asUser(user: number, act: () => Promise<void>): Promise<void> {
  const own = process.geteuid!();
  process.seteuid!(user);
  try {
    await act();
  } finally {
    process.seteuid!(own);
  }
}

it("is not completed while somebody may write to it", async () => {
  await send(1);
  await send(3);
  const held = new HeldDirs(to);
  const writer = openRanges(held, 0, 300_000);
  expect(writer.beginPart()).toBe(false); // it is there, which a session that is late may not know
  const onlyIt = fileRangesOf(bounds, 2)[0]!;
  await transfer(`${from}/`, to, { part: "2/3", ...onlyIt });
  const complete = { part: "2/3", ...completing(onlyIt) };
  await expect(transfer(`${from}/`, to, complete)).rejects.toMatchObject({ code: "LOCKED" });
  expect(isThere()).toBe(false);
  writer.close();
  held.close();
  await transfer(`${from}/`, to, complete);
  expectAll();
});

it("a host that sends more than its range writes over no other one", async () => {
  await send(2);
  fs.writeFileSync(join(from, bigName), Buffer.alloc(bigBytes, 1));
  fs.utimesSync(join(from, bigName), 2000, 2000);
  const first = fileRangesOf(bounds, 1)[0]!;
  const honest = await openSource(`${from}/`, first);
  const lying = override(honest, {
    async *entries(options: Parameters<typeof honest.entries>[0]) {
      for await (const batch of honest.entries(options))
        yield batch.map(({ entry, file }) => ({
          entry,
          file: { ...file, range: { offset: 0, size: bigBytes } },
        }));
    },
  }) as typeof honest;
  const before = fs.readFileSync(join(rangesDir(), "content"));
  const part = { part: "1/3", fileRange: first.fileRange };
  await syncTrees(lying, await openTreeTarget(to, part)).catch(() => undefined);
  const after = fs.readFileSync(join(rangesDir(), "content"));
  expect(after.subarray(300_000).equals(before.subarray(300_000))).toBe(true);
  expect(fs.readdirSync(rangesDir())).not.toContain("0-300000");
});

it("ranges come where files are made anew, and nowhere else", async () => {
  const part = { part: "1/3", ...fileRangesOf(bounds, 1)[0]! };
  const others = [
    { inPlace: true },
    { dryRun: true },
    { snapshot: true },
    { tempDir: "x" },
    { linkDest: ["x"] },
  ];
  for (const other of [...others, { keep: { hardLinks: true } }, { part: undefined }])
    await expect(transfer(`${from}/`, to, { ...part, ...other })).rejects.toMatchObject({ code: "USAGE" });
});

it("of one that is there in an older version no range is sent, but what differs at the end", async () => {
  fs.mkdirSync(join(to, "d"));
  fs.writeFileSync(join(to, bigName), Buffer.concat([big.subarray(0, 500_000), big.subarray(500_100)]));
  const sent = [await send(1), await send(2), await send(3)];
  expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(bigBytes / 4);
  expectAll();
});
