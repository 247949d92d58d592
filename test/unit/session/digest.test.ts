import fs from "node:fs";
import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, test } from "vitest";
import { blake3Digest } from "../../../src/chunk/blake3.node.ts";
import { type ChunkDigest, sha256, sha256Digest } from "../../../src/chunk/digest.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree, type SendOptions } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memoryDir } from "../../../src/tree/memory/memory-tree.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import type { Bytes, Duplex } from "../../../src/types.ts";
import { describeTree, noise, tempDir } from "../tree/disk/disk-tree.ts";

/** Files of several chunks, content that occurs twice, and zeros. */
function plant(root: string): void {
  fs.mkdirSync(`${root}/from/dir`, { recursive: true });
  fs.writeFileSync(`${root}/from/big`, noise(3_000_000, 1));
  fs.writeFileSync(`${root}/from/dir/twin`, noise(3_000_000, 1));
  fs.writeFileSync(`${root}/from/small`, "hello\n");
  fs.writeFileSync(`${root}/from/zeros`, new Uint8Array(2_000_000));
}

async function sync(root: string, options: SendOptions) {
  const source = await openTreeSource(`${root}/from/`);
  const [near, far] = duplexPair();
  const target = await openTreeTarget(`${root}/to`);
  const sending = sendTree(source, near, options);
  const [sent] = await Promise.all([
    sending,
    receiveTree(target, far, { duplex: options.mode !== "one-way" }),
  ]);
  await source.close();
  expect(describeTree(`${root}/to`)).toEqual(describeTree(`${root}/from`));
  return sent;
}

/** A one-way stream of what was planted. */
async function record(root: string, options: SendOptions): Promise<Buffer> {
  const source = await openTreeSource(`${root}/from/`);
  const blocks: Bytes[] = [];
  const writable = new WritableStream<Bytes>({ write: (bytes) => void blocks.push(bytes.slice()) });
  const duplex = { readable: new ReadableStream<Bytes>(), writable };
  await sendTree(source, duplex, { mode: "one-way", ...options });
  await source.close();
  return Buffer.concat(blocks);
}

function play(stream: Bytes): Duplex {
  const readable = new ReadableStream<Bytes>({
    start(controller) {
      controller.enqueue(stream);
      controller.close();
    },
  });
  return { readable, writable: new WritableStream<Bytes>() };
}

describe.each([sha256Digest, blake3Digest])("chunks named by $name", (digest) => {
  test.each(["one-way", "duplex"] as const)("make the same tree, %s", async (mode) => {
    using temp = tempDir();
    plant(temp.path);
    const { sentBytes, failed, troubles } = await sync(temp.path, { mode, digest });
    expect({ failed, troubles }).toEqual({ failed: 0, troubles: 0 });
    expect(sentBytes).toBeLessThan(4_000_000); // the twin's chunks and most of the zeros travel once
  });

  test("are found in an old version", async () => {
    using temp = tempDir();
    plant(temp.path);
    await sync(temp.path, { digest });
    fs.writeFileSync(`${temp.path}/from/big`, Buffer.concat([Buffer.from("new"), noise(3_000_000, 1)]));
    const { sentBytes } = await sync(temp.path, { digest });
    expect(sentBytes).toBeLessThan(200_000);
  });

  test("are known again when they are read again", async () => {
    using temp = tempDir();
    plant(temp.path);
    const { troubles } = await sync(temp.path, { digest, keptContentBytes: 0 });
    expect(troubles).toBe(0);
  });

  test("tar-like 16: are refused when a byte of them is not the one that was sent", async () => {
    using temp = tempDir();
    plant(temp.path);
    const stream = await record(temp.path, { digest });
    const at = stream.indexOf(noise(3_000_000, 1).subarray(1_000_000, 1_000_032));
    expect(at).toBeGreaterThan(0);
    stream[at]! ^= 1;
    const receiving = receiveTree(await openTreeTarget(`${temp.path}/to`), play(stream), { duplex: false });
    await expect(receiving).rejects.toMatchObject({ code: "UNEXPECTED_CHUNK" });
    expect(fs.existsSync(`${temp.path}/to/big`)).toBe(false);
  });
});

test("the ids on the wire are those of the digest", async () => {
  using temp = tempDir();
  plant(temp.path);
  const content = Buffer.from("hello\n");
  expect((await record(temp.path, { digest: blake3Digest })).includes(Buffer.from(blake3(content)))).toBe(
    true,
  );
  expect((await record(temp.path, {})).includes(Buffer.from(sha256(content)))).toBe(true);
});

describe("a digest that one end does not know", () => {
  test("is refused by the source", async () => {
    const [near] = duplexPair();
    const sending = sendTree(memorySource(memoryDir()), near, { digest: blake3Digest });
    await expect(sending).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("is refused by a target in memory, before anything is written", async () => {
    using temp = tempDir();
    plant(temp.path);
    const dir = memoryDir();
    const stream = await record(temp.path, { digest: blake3Digest });
    const receiving = receiveTree(memoryTarget(dir), play(stream), { duplex: false });
    await expect(receiving).rejects.toMatchObject({ code: "UNSUPPORTED", message: /blake3/ });
    expect(dir.children.size).toBe(0);
  });

  test("is refused by a target on disk, when nobody else has heard of it either", async () => {
    using temp = tempDir();
    plant(temp.path);
    const source = await openTreeSource(`${temp.path}/from/`);
    const weak = { ...sha256Digest, name: "md5" } as unknown as ChunkDigest;
    const [near, far] = duplexPair();
    const sending = sendTree({ ...source, digests: [weak] }, near, { digest: weak });
    const receiving = receiveTree(await openTreeTarget(`${temp.path}/to`), far);
    await expect(Promise.all([sending, receiving])).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: /md5/,
    });
    await Promise.allSettled([sending, receiving]);
    await source.close();
    expect(fs.existsSync(`${temp.path}/to`)).toBe(false);
  });

  test("is told to both ends of a duplex session", async () => {
    using temp = tempDir();
    plant(temp.path);
    const source = await openTreeSource(`${temp.path}/from/`);
    const [near, far] = duplexPair();
    const outcomes = await Promise.allSettled([
      sendTree(source, near, { digest: blake3Digest }),
      receiveTree(memoryTarget(memoryDir()), far),
    ]);
    await source.close();
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "UNSUPPORTED" } });
    }
  });
});
