import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { openTreeSource } from "../../../src/tree/source.node.ts";
import { openTreeTarget } from "../../../src/tree/target.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

/** `npm run soak` sets how long; the short form is a few rounds, however long they take. */
const soakMs = Number(process.env["SOAK_MS"] ?? 0);
const leastRounds = 4;
/** More than directories are held open at once, so that they are opened again. */
const dirCount = 80;
const names = ["to", "to/.rsync-stream", "to/d1", "to/d40", "to/d79", "to/d1/file"];

test.skipIf(process.platform !== "linux")(
  "whatever is swapped for directories of somebody else: nothing outside changes, and no success is claimed for it",
  async () => {
    using temp = tempDir();
    const { path: root } = temp;
    const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    console.log(`swaps by seed ${seed}`);
    const outside = `${root}/outside`;
    fs.mkdirSync(`${outside}/sub`, { recursive: true });
    for (const name of ["file", "lock", "sub/file"]) fs.writeFileSync(`${outside}/${name}`, "sentinel");
    execFileSync("touch", ["-d", "@1000000000", outside, `${outside}/sub`, `${outside}/file`]);
    const before = describeTree(outside);
    for (let i = 0; i < dirCount; i++) {
      fs.mkdirSync(`${root}/from/d${i}`, { recursive: true });
      fs.writeFileSync(`${root}/from/d${i}/file`, noise(20_000, i));
    }
    fs.writeFileSync(`${root}/from/d79/big`, noise(2_000_000, 99));
    fs.mkdirSync(`${root}/to`);
    const paths = names.map((name) => `${root}/${name}`);
    const script = path.join(import.meta.dirname, "swap.mjs");
    const swapper = fork(script, [String(seed), outside, ...paths], { execArgv: [] });
    await once(swapper, "message");
    const end = Date.now() + soakMs;
    for (let round = 0; round < leastRounds || Date.now() < end; round++) {
      execFileSync("touch", ["-d", `@${round}`, `${root}/from/d1/file`, `${root}/from/d79/big`]);
      const source = await openTreeSource(`${root}/from/`);
      // Trouble is fine here.
      await syncTrees(source, await openTreeTarget(`${root}/to`)).catch(() => undefined);
      expect(describeTree(outside)).toEqual(before);
    }
    const ended = once(swapper, "exit");
    swapper.disconnect();
    await ended;
    expect(describeTree(outside)).toEqual(before);
  },
  soakMs + 120_000,
);

test("a directory that was swapped while it was written to is no success", async () => {
  using temp = tempDir();
  const { path: root } = temp;
  fs.mkdirSync(`${root}/from/sub`, { recursive: true });
  fs.writeFileSync(`${root}/from/sub/file`, noise(3_000_000, 1));
  fs.mkdirSync(`${root}/to/sub`, { recursive: true });
  let batchCount = 0;
  const onBatch = (): void => {
    if (++batchCount !== 3) return;
    fs.renameSync(`${root}/to/sub`, `${root}/moved`);
    fs.mkdirSync(`${root}/to/sub`);
  };
  const source = await openTreeSource(`${root}/from/`);
  const { troubles } = await syncTrees(source, await openTreeTarget(`${root}/to`), { onBatch });
  expect(troubles).toMatchObject([{ code: "CHANGED", detail: { path: "sub" } }]);
  expect(fs.readdirSync(`${root}/to/sub`)).toEqual([]);
});

test("a directory that was closed for want of room is not opened again when it is another", async () => {
  using temp = tempDir();
  const { path: root } = temp;
  for (let i = 0; i < 200; i++) {
    fs.mkdirSync(`${root}/from/d${i}`, { recursive: true });
    fs.writeFileSync(`${root}/from/d${i}/file`, noise(9000, i));
  }
  let isFirst = true;
  const onBatch = (): void => {
    if (!isFirst) return;
    isFirst = false;
    for (let i = 0; i < 200; i++) {
      fs.renameSync(`${root}/to/d${i}`, `${root}/moved${i}`);
      fs.mkdirSync(`${root}/to/d${i}`);
    }
  };
  const source = await openTreeSource(`${root}/from/`);
  const target = await openTreeTarget(`${root}/to`);
  for (let i = 0; i < 200; i++) fs.mkdirSync(`${root}/to/d${i}`, { recursive: true });
  const { troubles } = await syncTrees(source, target, { onBatch });
  const inMoved = (i: number): string[] => fs.readdirSync(`${root}/moved${i}`);
  const landed = Array.from({ length: 200 }, (_, i) => inMoved(i).length);
  // What was still open went on into its directory; either way no directory counts as done.
  const failed = new Set(troubles.map(({ detail }) => String(detail.path).split("/")[0]));
  for (let i = 0; i < 200; i++) if (landed[i]! > 0) expect(failed).toContain(`d${i}`);
});
