import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { override } from "../../../../src/bytes/override.ts";
import { isSyncError, type SyncError } from "../../../../src/errors.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { type DirSource, openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { asLarge } from "../../../as-large.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesResult } from "./sync-trees.ts";
import { notLinux, unless } from "../../../obstacles.ts";
import { printedSeed } from "../../../printed-seed.ts";

/** `npm run soak` sets how long; the short form is a few rounds, however long they take. */
const soakMs = Number(process.env["SOAK_MS"] ?? 0);
const leastRounds = 6;
/** More than directories are held open at once, so that they are opened again. */
const dirCount = 80;
const names = ["", "to", "to/.rsync-stream", "to/d1", "to/d40", "to/d79", "to/d1/file"];

unless(notLinux).test(
  "whatever is swapped for directories of somebody else: nothing outside changes, and success is the truth",
  async () => {
    using temp = tempDir();
    const { path: root } = temp;
    const seed = printedSeed();
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
    const to = `${root}/around/to`;
    fs.mkdirSync(to, { recursive: true });
    await using swapper = await startSwapper(root, seed, outside);
    const ends = { success: 0, trouble: 0 };
    const end = Date.now() + soakMs;
    for (let round = 0; round < leastRounds || Date.now() < end; round++) {
      // Each has a time to be set at the end: one that is right when it is looked at keeps what
      // somebody else makes of it later.
      const changed = ["d1/file", "d79/big", "d1"].map((name) => `${root}/from/${name}`);
      execFileSync("touch", ["-d", `@${round}`, ...changed]);
      swapper.go();
      // What is swapped to the very end may be in its place when the session ends, and not when it
      // is looked at.
      const isQuietAtEnd = round % 3 < 2;
      const { troubles } = await receive(`${root}/from/`, to, {
        ...(round % 2 === 0 ? { maxDeletedCount: 10_000 } : {}),
        isCompared: round % 4 < 2,
        beforeCommit: async () => (isQuietAtEnd ? swapper.rest() : undefined),
      });
      await swapper.rest();
      expect(describeTree(outside)).toEqual(before);
      ends[troubles.length === 0 ? "success" : "trouble"]++;
      for (const trouble of troubles) expect(trouble.detail.path, trouble.message).toBeTypeOf("string");
      if (troubles.length === 0 && isQuietAtEnd)
        expect(describeTree(to)).toEqual(expect.arrayContaining(describeTree(`${root}/from`)));
      fs.rmSync(`${root}/aside`, { recursive: true });
      fs.mkdirSync(`${root}/aside`);
    }
    console.log(ends);
  },
  soakMs + 600_000,
);

interface Receiving extends TreeTargetOptions {
  /** True to compare directories by their digests first. */
  readonly isCompared?: boolean;
  readonly beforeCommit: () => Promise<void>;
}

/** One session: what failed in it, be that all. */
async function receive(
  from: string,
  to: string,
  { beforeCommit, isCompared = false, ...options }: Receiving,
): Promise<Pick<SyncTreesResult, "troubles">> {
  try {
    const [source, target] = [await openTreeSource(from), await openTreeTarget(to, options)];
    return isCompared
      ? await receiveCompared(source, target, beforeCommit)
      : await syncTrees(source, target, { beforeCommit });
  } catch (thrown) {
    if (isSyncError(thrown)) return { troubles: [thrown] };
    throw thrown;
  }
}

async function receiveCompared(
  source: DirSource,
  target: TreeTarget,
  beforeCommit: () => Promise<void>,
): Promise<Pick<SyncTreesResult, "troubles">> {
  const troubles: SyncError[] = [];
  const [near, far] = duplexPair();
  const waiting = override(target, {
    async commit(whole: boolean) {
      await beforeCommit();
      await target.commit(whole);
    },
  });
  const [received] = await Promise.allSettled([
    receiveTree(waiting, far, { helloMs: 0, stallMs: 0, onTrouble: (error) => void troubles.push(error) }),
    sendTree(asLarge(source), near, { helloMs: 0, stallMs: 0 }),
  ]);
  await source.close();
  if (received.status === "rejected") throw received.reason;
  return { troubles };
}

/** Swaps what a receiver uses, between `go` and `rest`. */
async function startSwapper(root: string, seed: number, outside: string) {
  fs.mkdirSync(`${root}/aside`);
  const paths = names.map((name) => path.join(root, "around", name));
  const script = path.join(import.meta.dirname, "swap.mjs");
  const child = fork(script, [String(seed), outside, `${root}/aside`, ...paths], { execArgv: [] });
  await once(child, "message");
  return {
    go: () => child.send("go"),
    async rest() {
      const answer = once(child, "message");
      child.send("rest");
      await answer;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

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

describe("a destination that is another one when the session ends is no success", () => {
  test.each([
    ["it was replaced", "around/to", "around/to"],
    ["the directory around it was replaced", "around/to", "around"],
    ["a link to it was replaced", "link", "link"],
    ["a link on the way to it was replaced", "way/to", "way"],
  ])("because %s", async (_, place, replaced) => {
    using temp = tempDir();
    const { path: root } = temp;
    fs.mkdirSync(`${root}/from`);
    fs.writeFileSync(`${root}/from/file`, "new");
    fs.mkdirSync(`${root}/around/to`, { recursive: true });
    fs.symlinkSync("around", `${root}/way`);
    fs.symlinkSync("around/to", `${root}/link`);
    for (const isThere of [true, false]) {
      const beforeCommit = async (): Promise<void> => {
        fs.renameSync(`${root}/${replaced}`, `${root}/moved`);
        if (isThere) fs.mkdirSync(`${root}/${place}`, { recursive: true });
      };
      const { troubles } = await receive(`${root}/from/`, `${root}/${place}`, { beforeCommit });
      expect(troubles).toMatchObject([{ code: "CHANGED", detail: { path: `${root}/${place}` } }]);
      fs.rmSync(`${root}/${replaced}`, { recursive: true, force: true });
      fs.renameSync(`${root}/moved`, `${root}/${replaced}`);
    }
  });
});
