import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { chunkMakingOf } from "../../../src/casync/chunk-making.node.ts";
import { blake3Digest } from "../../../src/chunk/blake3.node.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { SyncError } from "../../../src/errors.ts";
import { dirShare } from "../../../src/http/dir-share.node.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import type { Order } from "../../../src/tree/order/order.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

function plantedDir(): string {
  const temporary = tempDir();
  onTestFinished(() => temporary[Symbol.dispose]());
  mkdirSync(join(temporary.path, "tree"));
  writeFileSync(join(temporary.path, "tree", "a"), "alpha");
  return temporary.path;
}

it("each way to make chunks has the digest that it is called by", async () => {
  const named = [undefined, "sha-256", "blake3", "casync"] as const;
  const digests = await Promise.all(named.map(async (name) => (await chunkMakingOf(name)).digest));
  expect(digests).toEqual([undefined, sha256Digest, blake3Digest, sha512_256Digest]);
});

it("a server that sends uses the digest that is asked for", async () => {
  const share = dirShare(plantedDir());
  onTestFinished(async () => share.close());
  const path = { components: [new TextEncoder().encode("tree")], contents: true };
  const { digest, source } = await share.openTree(path, { order: { chunking: "blake3" } });
  await source.close();
  expect(digest).toBe(blake3Digest);
});

it("is asked for where the other end sends", async () => {
  let asked: Order | undefined;
  const openTree = async (_: unknown, { order }: { order?: Order }): Promise<never> => {
    asked = order;
    throw new SyncError("NOT_FOUND", "nothing is here");
  };
  const server = createServer({ share: { orderFields: ["chunking"], openTree } });
  onTestFinished(async () => server.close());
  const url = await server.listen({ port: 0 });
  const pulled = transfer(`${url}tree`, join(plantedDir(), "copy"), { chunking: "blake3" });
  await expect(pulled).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(asked).toEqual({ chunking: "blake3" });
});

it("is used by a source that is opened here, or refused", async () => {
  const dir = plantedDir();
  const openSource = async () => ({ ...(await openTreeSource(join(dir, "tree"))), digests: [sha256Digest] });
  const copied = transfer({ openSource }, join(dir, "copy"), { chunking: "blake3" });
  await expect(copied).rejects.toMatchObject({ message: "the source cannot name chunks by blake3" });
  await transfer(join(dir, "tree"), join(dir, "copy"), { chunking: "blake3" });
});
