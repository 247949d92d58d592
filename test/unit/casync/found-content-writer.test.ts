import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { archiveTree } from "../../../src/casync/archive-tree.node.ts";
import { openSeed } from "../../../src/casync/blob-seed.node.ts";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { readCatar } from "../../../src/casync/catar-reader.ts";
import { extractBlob } from "../../../src/casync/extract-blob.node.ts";
import { extractTree } from "../../../src/casync/extract-tree.node.ts";
import { readIndex } from "../../../src/casync/index-reader.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { FoundContentWriter } from "../../../src/casync/found-content-writer.node.ts";
import { onDisk, sharingSystems } from "../../loop-disk.ts";
import { missing, noMounting, unless } from "../../obstacles.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { inBlocks } from "./vectors.ts";

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-shared-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const blockBytes = 100;
const content = xorshiftBytes(9, 3000);

/** A file with that content, one to put it into, and a call that copies blocks and notes them. */
function twoFiles() {
  const folder = freshFolder();
  writeFileSync(join(folder, "from"), content);
  const from = openSync(join(folder, "from"), "r");
  const to = openSync(join(folder, "to"), "w+");
  onTestFinished(() => [from, to].forEach((fd) => closeSync(fd)));
  const ranges: (readonly [number, number])[] = [];
  const cloneRange = (
    source: number,
    fromOffset: number,
    target: number,
    toOffset: number,
    bytes: number,
  ) => {
    expect([fromOffset, toOffset, bytes].map((value) => value % blockBytes)).toEqual([0, 0, 0]);
    const block = Buffer.alloc(bytes);
    expect(readSync(source, block, 0, bytes, fromOffset)).toBe(bytes);
    writeSync(target, block, 0, bytes, toOffset);
    ranges.push([toOffset, toOffset + bytes]);
    return true;
  };
  const found = (offset: number, size: number) => ({
    bytes: content.subarray(offset, offset + size),
    fd: from,
    offset,
  });
  return { from, to, ranges, cloneRange, found, read: () => readFileSync(join(folder, "to")) };
}

test("whole blocks are shared, the edges between two parts as well, and the rest is copied", () => {
  const { to, ranges, cloneRange, found, read } = twoFiles();
  const sharing = new FoundContentWriter(to, { cloneRange, blockBytes });
  expect(sharing.put(found(30, 500), 30)).toBe(400);
  expect(sharing.put(found(530, 250), 530)).toBe(170); // with the rest of the block before
  expect(sharing.put(found(780, 10), 780)).toBe(0);
  expect(sharing.put(found(790, 200), 790)).toBe(110);
  expect(ranges).toEqual([[100, 500], [500, 700], [700, 900]]); // prettier-ignore
  expect(read().subarray(30).equals(content.subarray(30, 990))).toBe(true);
});

test("a block of which only a part lies alike is copied", () => {
  const { to, ranges, cloneRange, found, read } = twoFiles();
  const sharing = new FoundContentWriter(to, { cloneRange, blockBytes });
  writeSync(to, Buffer.alloc(130, 7), 0, 130, 0);
  expect(sharing.put(found(1130, 300), 130)).toBe(200);
  expect(sharing.put(found(2035, 300), 430)).toBe(0); // lies otherwise in its blocks
  expect(sharing.put(found(730, 300), 730)).toBe(200);
  expect(ranges).toEqual([[200, 400], [800, 1000]]); // prettier-ignore
  const wanted = Buffer.concat([
    Buffer.alloc(130, 7),
    content.subarray(1130, 1430),
    content.subarray(2035, 2335),
    content.subarray(730, 1030),
  ]);
  expect(read().equals(wanted)).toBe(true);
});

test.each([true, false])("what it is shared with may change meanwhile (shared: %s)", (isShared) => {
  const { to, cloneRange, found, read } = twoFiles();
  let count = 0;
  const cloneChanged: typeof cloneRange = (source, fromOffset, target, toOffset, bytes) => {
    cloneRange(source, fromOffset, target, toOffset, bytes);
    if (++count === 1) return true;
    writeSync(target, Buffer.alloc(bytes, 7), 0, bytes, toOffset);
    return isShared;
  };
  const sharing = new FoundContentWriter(to, { cloneRange: cloneChanged, blockBytes });
  for (let at = 0; at < 3000; at += 250) sharing.put(found(at, 250), at);
  expect(count).toBe(isShared ? 12 : 2);
  expect(read().equals(content)).toBe(true);
});

test("where the system refuses once it is not asked again", () => {
  const { to, found, read } = twoFiles();
  let count = 0;
  const sharing = new FoundContentWriter(to, { cloneRange: () => (count++, false), blockBytes });
  for (let at = 0; at < 3000; at += 500) expect(sharing.put(found(at, 500), at)).toBe(0);
  expect(count).toBe(1);
  expect(read().equals(content)).toBe(true);
});

const indexOf = async (bytes: Uint8Array) => readIndex(makeIndex(inBlocks(bytes)));

for (const system of sharingSystems) {
  const { test: testOn } = unless(noMounting() ?? missing(system[0]));

  testOn(`what is extracted shares blocks with a seed (${system[0]})`, async (context) =>
    onDisk(context, system, async (disk) => {
      const [old, now] = [xorshiftBytes(1, 2_000_000), xorshiftBytes(1, 2_000_000)];
      now.fill(3, 1_000_000, 1_000_010);
      writeFileSync(join(disk, "old"), old);
      await using store = castrStore(join(freshFolder(), "s.castr"), { create: true });
      for await (const _ of makeIndex(inBlocks(now), { store }));
      const seed = await openSeed(join(disk, "old"), await indexOf(old));
      const fd = openSync(join(disk, "now"), "w+");
      const totals = await extractBlob(await indexOf(now), store, fd, "now", { seeds: [seed] });
      closeSync(fd);
      await seed.close();
      expect(readFileSync(join(disk, "now")).equals(now)).toBe(true);
      expect(totals.sharedBytes).toBeGreaterThan(0.95 * totals.seedBytes);
      expect(totals.seedBytes).toBeGreaterThan(1_400_000);
    }),
  );

  testOn(`a tree that is unpacked over an old one shares blocks with it (${system[0]})`, async (context) =>
    onDisk(context, system, async (disk) => {
      const [edited, grown] = [xorshiftBytes(2, 8_000_000), xorshiftBytes(3, 8_000_000)];
      const tree = join(disk, "tree");
      mkdirSync(tree);
      writeFileSync(join(tree, "edited"), edited);
      writeFileSync(join(tree, "grown"), grown.subarray(0, 7_000_000));
      const archived = freshFolder();
      edited.fill(3, 0, 10);
      edited.fill(3, 4_000_000, 4_000_010);
      writeFileSync(join(archived, "edited"), edited);
      writeFileSync(join(archived, "grown"), grown);
      const kept = openSync(join(tree, "edited"), "r"); // the old blocks stay while this is open
      const usedBefore = usedBytes(disk);
      await extractTree(await readCatar(archiveTree(archived)), tree);
      const used = usedBytes(disk) - usedBefore;
      closeSync(kept);
      for (const [name, content] of Object.entries({ edited, grown }))
        expect([name, readFileSync(join(tree, name)).equals(content)]).toEqual([name, true]);
      // Copies of both would take 16 MB.
      expect(used).toBeLessThan(6_000_000);
    }),
  );
}

function usedBytes(disk: string): number {
  spawnSync("sync", ["-f", disk]);
  const { bsize, blocks, bfree } = statfsSync(disk);
  return bsize * (blocks - bfree);
}
