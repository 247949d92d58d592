import fs from "node:fs";
import { expect, test } from "vitest";
import { override } from "../../../../src/bytes/override.ts";
import type { SourceOptions } from "../../../../src/tree/source.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openSnapshot } from "../../../../src/tree/disk/target/snapshots.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

/** Files that change while they are read. */

const sizeBytes = 12_000_000;

/** Writes over a few bytes in the middle of a file. */
function change(place: string, text: string): void {
  const fd = fs.openSync(place, "r+");
  fs.writeSync(fd, text, sizeBytes / 2);
  fs.closeSync(fd);
}

/** Sends a tree whose file is changed when the first of it was read, if at all. */
async function send(place: string, target: TreeTarget, text?: string) {
  let isChanged = text === undefined;
  return syncTrees(await openTreeSource(`${place}/`), target, {
    onBatch() {
      if (!isChanged) change(`${place}/hot`, text!);
      isChanged = true;
    },
  });
}

test("what came of a file that changed meanwhile is not sent again", async () => {
  using from = tempDir();
  using to = tempDir();
  fs.writeFileSync(`${from.path}/hot`, noise(sizeBytes, 1));
  fs.writeFileSync(`${from.path}/still`, "1");
  const first = await send(from.path, await openTreeTarget(`${to.path}/`), "one");
  expect(first.troubles.map(({ code, detail }) => [code, detail.path])).toEqual([["CHANGED", "hot"]]);
  expect(first.sentBytes).toBeGreaterThan(sizeBytes / 2);
  expect(fs.readdirSync(to.path).sort()).toEqual([".rsync-stream", "still"]);
  const again = await send(from.path, await openTreeTarget(`${to.path}/`), "two");
  expect(again.troubles.map(({ code }) => code)).toEqual(["CHANGED"]);
  expect(again.sentBytes).toBeLessThan(sizeBytes / 10);
  expect(fs.readdirSync(`${to.path}/.rsync-stream`).length).toBeLessThan(3);
  const settled = await send(from.path, await openTreeTarget(`${to.path}/`));
  expect([settled.troubles, settled.sentBytes < sizeBytes / 10]).toEqual([[], true]);
  expect(fs.readFileSync(`${to.path}/hot`).equals(fs.readFileSync(`${from.path}/hot`))).toBe(true);
  expect(fs.readdirSync(to.path).sort()).toEqual(["hot", "still"]);
});

test("what an earlier session left of it stays when nothing of it comes", async () => {
  using from = tempDir();
  using to = tempDir();
  fs.writeFileSync(`${from.path}/hot`, noise(sizeBytes, 1));
  await send(from.path, await openTreeTarget(`${to.path}/`), "one");
  const source = await openTreeSource(`${from.path}/`);
  const hasty = override(source, {
    async *entries(options: SourceOptions) {
      for await (const batch of source.entries(options)) {
        change(`${from.path}/hot`, "two");
        yield batch;
      }
    },
  });
  const again = await syncTrees(hasty, await openTreeTarget(`${to.path}/`));
  expect([again.troubles.map(({ code }) => code), again.sentBytes]).toEqual([["CHANGED"], 0]);
  const settled = await send(from.path, await openTreeTarget(`${to.path}/`));
  expect([settled.troubles, settled.sentBytes < sizeBytes / 10]).toEqual([[], true]);
  expect(fs.readdirSync(to.path)).toEqual(["hot"]);
});

test("a snapshot holds none of it", async () => {
  using from = tempDir();
  using to = tempDir();
  fs.writeFileSync(`${from.path}/hot`, noise(sizeBytes, 1));
  fs.writeFileSync(`${from.path}/still`, "1");
  const { troubles } = await send(from.path, await openSnapshot(to.path), "one");
  expect(troubles.map(({ code }) => code)).toEqual(["CHANGED"]);
  expect(fs.readdirSync(`${to.path}/latest/`)).toEqual(["still"]);
});
