import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { archiveTree } from "../../../src/casync/archive-tree.node.ts";
import type { AnyContent } from "../../../src/casync/blob-reader.ts";
import { CatarNodes } from "../../../src/casync/catar-nodes.ts";
import { CatarWriter } from "../../../src/casync/catar-writer.ts";
import { casyncFeatures as f, normalFeatures } from "../../../src/casync/features.ts";
import { isSyncError } from "../../../src/errors.ts";
import { catarTree } from "../../../src/fuse/catar-tree.ts";
import { opcodes } from "../../../src/fuse/fuse-numbers.ts";
import { serveFuse } from "../../../src/fuse/fuse-session.ts";

import { fields, init, listAll, nul, part, PlayedKernel, readEntry } from "./played-kernel.ts";

function contentOf(bytes: Uint8Array): AnyContent & { readBytes: number } {
  const content = {
    sizeBytes: bytes.length,
    readBytes: 0,
    async read(offset: number, size: number) {
      const found = bytes.subarray(offset, offset + size);
      content.readBytes += found.length;
      return found.length > 0 ? [found] : [];
    },
    prepare: (offset: number, size: number) => offset + size,
  };
  return content;
}

async function archive(): Promise<Uint8Array> {
  const root = mkdtempSync(join(tmpdir(), "rsync-stream-catar-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "sub/deep"), { recursive: true });
  mkdirSync(join(root, "many"));
  writeFileSync(join(root, "sub/deep/file"), "content of the file");
  chmodSync(join(root, "sub/deep/file"), 0o640);
  utimesSync(join(root, "sub/deep/file"), 1000, 1000);
  writeFileSync(join(root, "large"), new Uint8Array(300_000));
  symlinkSync("sub/deep", join(root, "link"));
  for (let i = 0; i < 100; i++) writeFileSync(join(root, "many", `name-${i}`), String(i));
  const parts: Uint8Array[] = [];
  for await (const part of archiveTree(root)) parts.push(part);
  return concatBytes(parts);
}

async function served(bytes: Uint8Array): Promise<PlayedKernel> {
  const kernel = new PlayedKernel();
  const done = serveFuse(kernel, await catarTree(contentOf(bytes)));
  onTestFinished(() => {
    kernel.end();
    return done;
  });
  await kernel.ask(opcodes.init, init);
  return kernel;
}

test("an archive is a tree", async () => {
  const kernel = await served(await archive());
  const find = async (...names: readonly string[]) => {
    let found = { node: 1, mode: 0, size: 0, mtime: 0 };
    for (const name of names)
      found = readEntry((await kernel.ask(opcodes.lookup, nul(name), found.node)).body);
    return found;
  };
  const file = await find("sub", "deep", "file");
  expect(file).toMatchObject({ mode: 0o100_640, size: 19, mtime: 1000 });
  expect((await kernel.ask(opcodes.read, part(8, 2), file.node)).body.toString()).toBe("of");
  expect((await kernel.ask(opcodes.read, part(8, 200), file.node)).body.toString()).toBe("of the file");
  const link = await find("link");
  expect((await kernel.ask(opcodes.readlink, undefined, link.node)).body.toString()).toBe("sub/deep");
  expect(await listAll(kernel, 1, 4096)).toEqual([".", "..", "large", "link", "many", "sub"]);
  const many = await listAll(kernel, (await find("many")).node, 500);
  expect(many.slice(2)).toEqual(Array.from({ length: 100 }, (_, i) => `name-${i}`).sort());
  expect((await kernel.ask(opcodes.lookup, nul("name-100"), (await find("many")).node)).errno).not.toBe(0);
  expect((await kernel.ask(opcodes.read, part(0, 10), (await find("sub")).node)).errno).not.toBe(0);
  expect((await kernel.ask(opcodes.getattr, fields([64, 0], [64, 0]), 1_000_000)).errno).not.toBe(0);
});

test("what has no table at its end is told so, whatever stands there", async () => {
  const bytes = Buffer.from(await archive());
  bytes.fill(0xff, bytes.length - 24);
  await expect(CatarNodes.open(contentOf(bytes))).rejects.toMatchObject({
    code: "BAD_MESSAGE",
    message: expect.stringContaining("table at the end") as string,
  });
});

test("attributes and access control lists are attributes of the system", async () => {
  const features = normalFeatures(
    f.xattrs | f.acl | f.fcaps | f.symlinks | f.permissions | f.uids32 | f.nsecTime,
  );
  const writer = new CatarWriter(features);
  const node = { flags: 0n, uid: 1, gid: 2, mtimeNs: -5n, size: 0, xattrs: [] };
  const xattrs = [{ name: Buffer.from("user.color"), value: Buffer.from("blue") }];
  const entry = (permissions: number, id: number) => ({ permissions, id });
  const acl = { users: [entry(6, 7)], groups: [], groupObject: 4, defaultUsers: [], defaultGroups: [] };
  const bytes = concatBytes([
    writer.enter({ ...node, depth: 0, name: new Uint8Array(0), type: "dir", mode: 0o755 }),
    writer.enter({ ...node, depth: 1, name: Buffer.from("a"), type: "file", mode: 0o664, xattrs, acl }),
    writer.leave(),
  ]);
  const kernel = await served(bytes);
  const { node: file } = readEntry((await kernel.ask(opcodes.lookup, nul("a"))).body);
  const ask = (name: string, size: number) =>
    kernel.ask(opcodes.getxattr, Buffer.concat([fields([32, size], [32, 0]), nul(name)]), file);
  expect((await ask("user.color", 100)).body.toString()).toBe("blue");
  expect((await ask("user.color", 0)).body.readUInt32LE(0)).toBe(4);
  expect((await ask("user.color", 3)).errno).toBe(34);
  expect((await ask("user.other", 3)).errno).toBe(61);
  const list = await kernel.ask(opcodes.listxattr, fields([32, 100], [32, 0]), file);
  expect(list.body.toString()).toBe("user.color\0system.posix_acl_access\0");
  expect((await ask("system.posix_acl_access", 100)).body.length).toBe(4 + 5 * 8);
});

test("no more of an archive is read than is needed", async () => {
  const content = contentOf(await archive());
  const nodes = await CatarNodes.open(content);
  await nodes.facts((await nodes.find(0, Buffer.from("sub")))!);
  expect(content.readBytes).toBeLessThan(10_000);
});

test("an archive with changed bytes is refused or read, but never leads out of itself", async () => {
  const bytes = await archive();
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
  // Behind the content, where tables are, changes are more likely to matter.
  const late = fc.tuple(
    fc.integer({ min: bytes.length - 3000, max: bytes.length - 1 }),
    fc.integer({ min: 1, max: 255 }),
  );
  const walk = async (nodes: CatarNodes, number: number, depth: number): Promise<void> => {
    const { mode } = await nodes.facts(number);
    if (mode >>> 12 !== 4 || depth > 5) return;
    const { first, count } = await nodes.members(number);
    expect(nodes.count).toBeLessThan(1000);
    for (let member = first; member < first + count; member++) await walk(nodes, member, depth + 1);
  };
  await fc.assert(
    fc.asyncProperty(fc.oneof(change, late), async ([at, difference]) => {
      const changed = bytes.slice();
      changed[at]! ^= difference;
      try {
        await walk(await CatarNodes.open(contentOf(changed)), 0, 0);
      } catch (thrown) {
        if (!isSyncError(thrown)) throw thrown;
      }
    }),
    { ...{ numRuns: 500 }, numRuns: 60 },
  );
});

test("an archive that is cut off has no table", async () => {
  const bytes = await archive();
  await expect(CatarNodes.open(contentOf(bytes.subarray(0, bytes.length - 1)))).rejects.toThrow(/table|ends/);
  await expect(CatarNodes.open(contentOf(bytes.subarray(0, 70)))).rejects.toThrow(/table|ends/);
});
