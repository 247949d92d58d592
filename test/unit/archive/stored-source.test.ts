import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openIndexSource } from "../../../src/archive/stored-tree/index-source.node.ts";
import { storedSource } from "../../../src/archive/stored-tree/stored-source.node.ts";
import { abortable } from "../../../src/bytes/abort.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { blobTree } from "../../../src/fuse/blob-tree.ts";
import { rootNode } from "../../../src/fuse/fuse-numbers.ts";
import type { ChunkReader } from "../../../src/store/store.ts";
import type { SourcePlace } from "../../../src/transfer/opened-places.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { collect, inBlocks } from "../casync/vectors.ts";
import { freshDir } from "./indexed-trees.ts";

const never = new Promise<never>(() => {});

test("a transfer from a store that says nothing ends when it is ended, and so do the requests", async () => {
  const dir = freshDir();
  const index = await collect(makeIndex(inBlocks(xorshiftBytes(3, 300_000))));
  writeFileSync(join(dir, "blob.caibx"), Buffer.concat(index));
  const ending = new AbortController();
  let [begun, ended] = [0, 0];
  const silent: ChunkReader = {
    async get(_, options) {
      begun += 1;
      ending.abort(new Error("enough"));
      return abortable(never, options?.signal).finally(() => (ended += 1));
    },
    has: async () => true,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const from = { openSource: () => openIndexSource(join(dir, "blob.caibx"), () => silent) };
  await expect(transfer(from, join(dir, "to"), { signal: ending.signal })).rejects.toThrow("enough");
  expect(begun).toBeGreaterThan(0);
  expect(ended).toBe(begun);
});

test("a store that does not even say what it has is left when the opening is ended", async () => {
  const dir = freshDir();
  const index = await collect(makeIndex(inBlocks(xorshiftBytes(3, 1000))));
  writeFileSync(join(dir, "blob.caibx"), Buffer.concat(index));
  const ending = new AbortController();
  let isClosed = false;
  const silent: ChunkReader = {
    get: () => never,
    has: () => {
      ending.abort(new Error("enough"));
      return never;
    },
    close: async () => void (isClosed = true),
    [Symbol.asyncDispose]: async () => {},
  };
  const from: SourcePlace = {
    openSource: ({ signal }) =>
      openIndexSource(join(dir, "blob.caibx"), () => silent, { ...(signal && { signal }) }),
  };
  await expect(transfer(from, join(dir, "to"), { signal: ending.signal })).rejects.toThrow("enough");
  expect(isClosed).toBe(true);
});

test("so does the list of a tree that is not told", async () => {
  const content = { sizeBytes: 1, read: () => never, prepare: () => 1 };
  const tree = { ...blobTree(content, Buffer.from("f"), 0), attributes: () => never };
  const ending = new AbortController();
  const source = storedSource(tree, { node: rootNode }, undefined);
  const listed = collect(source.entries({ signal: ending.signal }));
  ending.abort(new Error("enough"));
  await expect(listed).rejects.toThrow("enough");
});
