import { expect, onTestFinished, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { blobTree } from "../../../src/fuse/blob-tree.ts";
import { errnos, initFlags, opcodes } from "../../../src/fuse/fuse-numbers.ts";
import { serveFuse } from "../../../src/fuse/fuse-session.ts";
import type { FuseTree } from "../../../src/fuse/fuse-tree.ts";
import { fields, init, listAll, nul, part, PlayedKernel, readEntry, readListing } from "./played-kernel.ts";

const content = Buffer.from("the content of the only file");

function blob(read = async (offset: number, size: number) => [content.subarray(offset, offset + size)]) {
  return blobTree(
    { sizeBytes: content.length, read, prepare: (offset, size) => offset + size },
    Buffer.from("only"),
    5_000,
  );
}

function served(tree: FuseTree): { readonly kernel: PlayedKernel; readonly troubles: SyncError[] } {
  const kernel = new PlayedKernel();
  const troubles: SyncError[] = [];
  const done = serveFuse(kernel, tree, { onTrouble: (error) => void troubles.push(error) });
  onTestFinished(() => {
    kernel.end();
    return done;
  });
  return { kernel, troubles };
}

test("a file is found, described, listed and read", async () => {
  const { kernel } = served(blob());
  const agreed = await kernel.ask(opcodes.init, init);
  expect([agreed.errno, agreed.body.length, agreed.body.readUInt32LE(0)]).toEqual([0, 64, 7]);
  const found = readEntry((await kernel.ask(opcodes.lookup, nul("only"))).body);
  expect(found).toEqual({ node: 2, size: content.length, mtime: 5, mode: 0o100_444 });
  expect((await kernel.ask(opcodes.lookup, nul("other"))).errno).toBe(errnos.ENOENT);
  const described = await kernel.ask(opcodes.getattr, fields([64, 0], [64, 0]), 2);
  expect([described.body.length, Number(described.body.readBigUInt64LE(24))]).toEqual([104, content.length]);
  expect(await listAll(kernel, 1, 4096)).toEqual([".", "..", "only"]);
  // The smallest buffer that one entry fits into, so that there is an answer for each.
  expect(await listAll(kernel, 1, 160)).toEqual([".", "..", "only"]);
  const plain = await kernel.ask(opcodes.readdir, part(0, 4096));
  expect(readListing(plain.body, 0).names).toEqual([".", "..", "only"]);
  expect((await kernel.ask(opcodes.read, part(4, 7), 2)).body.toString()).toBe("content");
  expect((await kernel.ask(opcodes.read, part(1000, 7), 2)).body.length).toBe(0);
  expect((await kernel.ask(opcodes.statfs)).body.length).toBe(80);
});

test("a kernel that can do without handles is told so, another gets one", async () => {
  const { kernel } = served(blob());
  await kernel.ask(opcodes.init, init);
  expect((await kernel.ask(opcodes.open, fields([32, 0], [32, 0]), 2)).errno).toBe(errnos.ENOSYS);
  expect((await kernel.ask(opcodes.opendir, fields([32, 0], [32, 0]))).errno).toBe(errnos.ENOSYS);
  const { kernel: old } = served(blob());
  const flags = 0xffff_ffff & ~(initFlags.noOpen | initFlags.noOpenDir);
  await old.ask(opcodes.init, fields([32, 7], [32, 27], [32, 0], [32, flags >>> 0]));
  const opened = await old.ask(opcodes.open, fields([32, 0], [32, 0]), 2);
  expect([opened.errno, opened.body.length]).toEqual([0, 16]);
  expect((await old.ask(opcodes.release, new Uint8Array(24), 2)).errno).toBe(0);
});

test("what is not known is refused, and so is another version", async () => {
  const { kernel } = served(blob());
  const newer = await kernel.ask(opcodes.init, fields([32, 8], [32, 0], [32, 0], [32, 0]));
  expect(newer.errno).toBe(errnos.EINVAL);
  for (const opcode of [opcodes.access, 46, 52, 4711])
    expect((await kernel.ask(opcode, new Uint8Array(64))).errno).toBe(errnos.ENOSYS);
  expect((await kernel.ask(opcodes.getxattr, Buffer.concat([fields([64, 0]), nul("a.b")]))).errno).toBe(
    errnos.ENOSYS,
  );
  expect((await kernel.ask(opcodes.readlink, undefined, 2)).errno).toBe(errnos.EINVAL);
});

test("a damaged request is answered and told, and the session goes on", async () => {
  const { kernel, troubles } = served(blob());
  expect((await kernel.ask(opcodes.read, new Uint8Array(3), 2)).errno).toBe(errnos.EINVAL);
  kernel.tell(new Uint8Array(5));
  expect(troubles.map(({ code }) => code)).toEqual(["BAD_MESSAGE", "BAD_MESSAGE"]);
  expect((await kernel.ask(opcodes.getattr, new Uint8Array(16))).errno).toBe(0);
});

test("what cannot be read is told, and an error of input and output to the kernel", async () => {
  const { kernel, troubles } = served(
    blob(async () => {
      throw new SyncError("NOT_FOUND", "chunk 12 is not in the store");
    }),
  );
  expect((await kernel.ask(opcodes.read, part(0, 7), 2)).errno).toBe(errnos.EIO);
  expect(troubles.map(({ message }) => message)).toEqual(["chunk 12 is not in the store"]);
});

test("who asks for what cannot be sent does not wait for ever", async () => {
  const { kernel, troubles } = served(blob());
  const send = kernel.send.bind(kernel);
  kernel.send = (parts) => {
    if (parts.length > 1) throw new SyncError("IO", "too much at a time");
    send(parts);
  };
  expect((await kernel.ask(opcodes.read, part(0, 7), 2)).errno).toBe(errnos.EIO);
  expect(troubles.map(({ message }) => message)).toEqual(["too much at a time"]);
});

test("who is interrupted does not wait for what is read", async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const { kernel } = served(
    blob(async () => {
      await gate;
      return [content];
    }),
  );
  const unique = kernel.next;
  const read = kernel.ask(opcodes.read, part(0, 100), 2);
  kernel.tell(
    Buffer.concat([
      fields([32, 48], [32, opcodes.interrupt], [64, unique + 1], [64, 0], [64, 0], [64, 0]),
      fields([64, unique]),
    ]),
  );
  expect((await read).errno).toBe(errnos.EINTR);
  release();
  expect((await kernel.ask(opcodes.read, part(0, 100), 2)).errno).toBe(0);
});
