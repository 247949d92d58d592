import fs from "node:fs";
import { expect, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { ChunkMemory } from "../../../src/session/chunk-memory.ts";
import { macDigestName } from "../../../src/chunk/mac-digest.ts";
import { fastcdcSpec } from "../../../src/chunk/cutter-specs.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { SyncError } from "../../../src/errors.ts";
import { coarseCutter } from "../../../src/session/chunk-making.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree, type SendOptions } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { stagingName } from "../../../src/tree/entry/staging-name.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import type { TargetOptions, TreeTarget } from "../../../src/tree/target.ts";
import { describeTree, noise, tempDir } from "../tree/disk/disk-tree.ts";

const fileBytes = 2_000_000;
const fine = fastcdcSpec();

/** The same target, which gives up at the chunk behind so many bytes. */
function endingAt(inner: TreeTarget, bytes: number): TreeTarget {
  let left = bytes;
  return override(inner, {
    write: async (placements) => {
      if (left < 0) throw new SyncError("ABORTED", "enough");
      for (const { chunk } of placements) left -= chunk.bytes.length;
      return inner.write(placements);
    },
  });
}

/** Copies a file of noise and its twin; returns how chunks were made, and how many. */
async function copy(root: string, options: SendOptions = {}, names = ["one", "twin"], bytes = Infinity) {
  fs.mkdirSync(`${root}/from`, { recursive: true });
  for (const name of names) fs.writeFileSync(`${root}/from/${name}`, noise(fileBytes, 7));
  const source = await openTreeSource(`${root}/from/`);
  const inner = endingAt(await openTreeTarget(`${root}/to`), bytes);
  let given: TargetOptions | undefined;
  const target: TreeTarget = override(inner, { open: (asked) => inner.open((given = asked)) });
  const [near, far] = duplexPair();
  const unhurried = { helloMs: 0, stallMs: 0 };
  const [{ chunks, sentBytes }] = await Promise.all([
    sendTree(source, near, { ...unhurried, ...options }),
    receiveTree(target, far, {
      ...unhurried,
      windows: { data: 300_000 },
      duplex: options.mode !== "one-way",
    }),
  ]);
  await source.close();
  const { cutter, digest } = given!;
  return { cutter, digest: digest!.name, chunks, sentBytes };
}

test.each(["nowhere", "into an empty directory"])("a first copy %s has long chunks", async (where) => {
  using temp = tempDir();
  if (where !== "nowhere") fs.mkdirSync(`${temp.path}/to`);
  const { chunks, sentBytes, ...made } = await copy(temp.path);
  expect(made).toEqual({ cutter: coarseCutter, digest: macDigestName });
  expect(chunks).toBeLessThanOrEqual(2 * Math.ceil(fileBytes / coarseCutter.minBytes));
  expect(sentBytes).toBe(fileBytes); // what occurs twice travels once
  expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
});

test("what a session left that did not end is found by long chunks", async () => {
  using temp = tempDir();
  await expect(copy(temp.path, {}, ["one"], 700_000)).rejects.toThrow("enough");
  expect(fs.readdirSync(`${temp.path}/to`)).toEqual([stagingName]);
  const { sentBytes, ...made } = await copy(temp.path, {}, ["one"]);
  expect(made).toMatchObject({ cutter: coarseCutter, digest: macDigestName });
  expect(sentBytes).toBeLessThan(fileBytes - 500_000);
  expect(describeTree(`${temp.path}/to`)).toEqual(describeTree(`${temp.path}/from`));
});

test("where something is, chunks are short enough to be found there", async () => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/to`);
  fs.writeFileSync(`${temp.path}/to/other`, noise(fileBytes, 7));
  const { sentBytes, ...made } = await copy(temp.path);
  expect(made).toMatchObject({ cutter: fine, digest: macDigestName });
  expect(sentBytes).toBe(0);
});

test("what stands in the place of a file is something", async () => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/old`, "old");
  const target = await openTreeTarget(`${temp.path}/old`);
  expect(target.isEmpty).toBe(false);
  await target.close();
});

test.each([
  [{ cutter: fine }, macDigestName],
  [{ digest: sha256Digest }, "sha-256"],
  [{ have: new ChunkMemory(1) }, "sha-256"],
])("who says how chunks are made, or which are known, is heard", async (said, digest) => {
  using temp = tempDir();
  const cutter = "have" in said ? coarseCutter : fine;
  expect(await copy(temp.path, said)).toMatchObject({ cutter, digest });
});

test("a one-way stream is made as its sender says: it hears of no empty place", async () => {
  using temp = tempDir();
  const made = await copy(temp.path, { mode: "one-way" });
  expect(made).toMatchObject({ cutter: coarseCutter, digest: "sha-256" });
});
