import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openIndexSource } from "../../../src/archive/stored-tree/index-source.node.ts";
import { openBucketSource } from "../../../src/archive/bucket-tree/bucket-source.node.ts";
import { dirBucket } from "../../../src/bucket/dir-bucket.node.ts";
import { archiveTree } from "../../../src/casync/archive-tree.node.ts";
import { desyncTreeFeatures } from "../../../src/casync/features.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { storedTarget } from "../../../src/casync/stored-target.ts";
import { dirShare } from "../../../src/http/dir-share.node.ts";
import { parseSharePath } from "../../../src/http/share-path.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { sourceCases, type SourceUnderTest } from "../../../src/testing/source-suite.ts";
import { targetCases, type TargetUnderTest } from "../../../src/testing/target-suite.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { type MemoryDir, memoryDir } from "../../../src/tree/memory/memory-tree.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { openSnapshot } from "../../../src/tree/disk/target/snapshots.node.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import type { TreeSource } from "../../../src/tree/source.ts";
import type { TreeTarget } from "../../../src/tree/target.ts";
import { telling } from "../../../src/transfer/telling-target.ts";
import { Meter, meteredSource, meteredTarget } from "../../../src/ui/meter.ts";
import { plantTree, readTree } from "./disk/planted.ts";

const root = fs.mkdtempSync(join(tmpdir(), "tree-suites-"));
let count = 0;
const freshPath = (): string => join(root, String(count++));
afterAll(() => fs.rmSync(root, { recursive: true }));

function planted(tree: MemoryDir): string {
  const path = freshPath();
  plantTree(tree, Buffer.from(path));
  return `${path}/`;
}

/** An archive of a tree, as an index and a store of its chunks. */
async function archived(tree: MemoryDir): Promise<TreeSource> {
  const store = memoryStore();
  const content = archiveTree(planted(tree));
  const index = freshPath() + ".caidx";
  await fs.promises.writeFile(index, makeIndex(content, { features: desyncTreeFeatures, store }));
  return openIndexSource(`${index}/`, () => store);
}

const shared = (path: string) => dirShare(path);
const sources: Record<string, SourceUnderTest> = {
  memory: { open: async (tree) => memorySource(tree) as TreeSource },
  "a directory": { open: async (tree) => (await openTreeSource(planted(tree))) as TreeSource },
  "a directory as a bucket": {
    open: async (tree) => (await openBucketSource(dirBucket(planted(tree)), "")) as TreeSource<any>,
    links: false,
    metadata: false,
  },
  "a shared directory": {
    open: async (tree) => (await shared(planted(tree)).openTree(parseSharePath("/"), {})).source,
  },
  "an archive in a store": { open: archived },
  "a metered directory": {
    open: async (tree) => meteredSource(await openTreeSource(planted(tree)), new Meter()) as TreeSource<any>,
  },
};

/** A fresh directory to receive into. */
function place(open: (path: string) => Promise<TreeTarget>): TargetUnderTest {
  return {
    async make() {
      const path = freshPath();
      fs.mkdirSync(path);
      return { open: () => open(path), read: async () => readTree(Buffer.from(path)) };
    },
  };
}

const targets: Record<string, TargetUnderTest> = {
  memory: {
    async make() {
      const tree = memoryDir();
      return { open: async () => memoryTarget(tree), read: async () => tree };
    },
  },
  "a directory": place((path) => openTreeTarget(path)),
  "a directory beside a store": place(async (path) =>
    storedTarget(await openTreeTarget(path), memoryStore()),
  ),
  "a directory, durable": place((path) => openTreeTarget(path, { durability: "all" })),
  "a shared directory": place((path) => shared(path).openTarget!(parseSharePath("/"), {})),
  "a directory that tells of changes": place(async (path) =>
    telling(await openTreeTarget(path), { onChange() {} }),
  ),
  "a metered directory": place(async (path) => meteredTarget(await openTreeTarget(path), new Meter())),
};

it("a wrapper offers the digests of what it wraps", async () => {
  const path = freshPath();
  fs.mkdirSync(path);
  const target = await openTreeTarget(path);
  const source = await openTreeSource(path);
  const opened = await shared(path).openTarget!(parseSharePath("/"), {});
  expect(opened.digests).toEqual(target.digests);
  expect(meteredTarget(target, new Meter()).digests).toEqual(target.digests);
  expect(telling(target, { onChange() {} }).digests).toEqual(target.digests);
  expect(meteredSource(source, new Meter()).digests).toEqual(source.digests);
  const snapshot = await openSnapshot(path);
  expect(snapshot.digests).toEqual(target.digests);
  for (const each of [target, opened, source, snapshot]) await each.close();
});

describe.each(Object.entries(sources))("a source of %s", (_, source) => {
  for (const { name, run } of sourceCases(source)) it(name, run);
});

describe.each(Object.entries(targets))("a target in %s", (_, target) => {
  for (const { name, run } of targetCases(target)) it(name, run);
});
