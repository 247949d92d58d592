import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { isSyncError } from "../../../src/errors.ts";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { chunkPath } from "../../../src/casync/chunk-name.ts";
import { nodeCoding } from "../../../src/casync/compressor.node.ts";
import { sftpIndexes } from "../../../src/casync/index-store.ts";
import { openKeptChunks } from "../../../src/casync/open-store.node.ts";
import { SftpClient } from "../../../src/casync/sftp-client.ts";
import { sftpChunks } from "../../../src/casync/sftp-chunks.ts";
import { decodeSftp, encodeSftp, sftpTypes } from "../../../src/casync/sftp-packets.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { childProcessDuplex } from "../../../src/transport/child-process.node.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { type Obstacle, unless } from "../../obstacles.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

const server = ["/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server"].find(
  existsSync,
);
const noServer: Obstacle = server === undefined ? "OpenSSH's sftp-server is not installed" : undefined;
const { test: sftpTest } = unless(noServer);

function fresh(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-sftp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const connect = (): SftpClient => new SftpClient(channelOf(childProcessDuplex(server!, [])));
const chunks = [100, 40_000, 200_000].map((size, i) => chunkOf(xorshiftBytes(i + 1, size), sha512_256Digest));

sftpTest("a store is written, read, listed, swept and emptied", async () => {
  const folder = fresh();
  const store = sftpChunks(connect(), folder, { coding: nodeCoding });
  onTestFinished(() => store.close());
  await Promise.all(chunks.map((chunk) => store.put(chunk)));
  const local = castrStore(folder);
  onTestFinished(() => local.close());
  for (const { id, bytes } of chunks) {
    expect(Buffer.compare((await local.get(id)).bytes, bytes)).toBe(0);
    expect(Buffer.compare((await store.get(id)).bytes, bytes)).toBe(0);
    expect(await store.has(id)).toBe(true);
  }
  const [first] = chunks as [(typeof chunks)[0]];
  const path = join(folder, chunkPath(first.id, ".cacnk"));
  utimesSync(path, 1000, 1000);
  await store.put(first); // is young again, for who prunes meanwhile
  const kept = [];
  for await (const { id, writtenMs } of store.kept())
    kept.push([Buffer.from(id).toString("hex"), writtenMs > 2e12 / 2]);
  expect(kept.sort()).toEqual(chunks.map(({ id }) => [Buffer.from(id).toString("hex"), true]).sort());
  writeFileSync(join(folder, readdirSync(folder)[0]!, ".tmp-cacnk5"), "left behind");
  expect(await store.sweep(0)).toBe(1);
  writeFileSync(path, "damaged");
  await expect(store.get(first.id)).rejects.toMatchObject({ code: "CORRUPT" });
  await Promise.all(chunks.map(({ id }) => store.delete(id)));
  await store.delete(first.id);
  await expect(store.get(first.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await store.has(first.id)).toBe(false);
});

sftpTest("indexes are read and written by their names", async () => {
  const folder = fresh();
  const indexes = sftpIndexes(connect(), folder);
  onTestFinished(() => indexes.close());
  const content = async function* () {
    yield xorshiftBytes(7, 100_000);
  };
  const parts: Uint8Array[] = [];
  for await (const part of makeIndex(content())) parts.push(part);
  expect([await indexes.has("a.caibx"), await indexes.read("a.caibx")]).toEqual([false, undefined]);
  for (let i = 0; i < 2; i++)
    await indexes.write(
      "a.caibx",
      (async function* () {
        yield* parts;
      })(),
    );
  expect(readFileSync(join(folder, "a.caibx")).equals(Buffer.concat(parts))).toBe(true);
  const read: Uint8Array[] = [];
  for await (const part of (await indexes.read("a.caibx"))!) read.push(part);
  expect(Buffer.concat(read).equals(Buffer.concat(parts))).toBe(true);
  expect(readdirSync(folder)).toEqual(["a.caibx"]);
});

sftpTest("a place of sftp: is reached by the program that stands for ssh", async () => {
  const folder = fresh();
  const program = join(folder, "ssh");
  writeFileSync(program, `#!/bin/sh\necho "$@" > '${folder}/args'\nexec ${server}\n`);
  chmodSync(program, 0o755);
  mkdirSync(join(folder, "s.castr"));
  const before = process.env["CASYNC_SSH_PATH"];
  process.env["CASYNC_SSH_PATH"] = program;
  try {
    await using store = openKeptChunks(`sftp://user@host:22${folder}/s.castr`);
    await store.put(chunks[0]!);
    expect(readFileSync(join(folder, "args"), "utf8")).toBe("-s -p 22 user@host sftp\n");
    expect((await store.get(chunks[0]!.id)).bytes.length).toBe(100);
  } finally {
    if (before === undefined) delete process.env["CASYNC_SSH_PATH"];
    else process.env["CASYNC_SSH_PATH"] = before;
  }
  expect(() => openKeptChunks("sftp://-oProxyCommand=x/y")).toThrow(/ssh/);
});

test("who is gone is told to all who wait", async () => {
  const client = new SftpClient(channelOf(childProcessDuplex("true", [])));
  await expect(client.stat("x")).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(client.stat("y")).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("a server that answers what was not asked is given up", async () => {
  const [near, far] = duplexPair();
  const client = new SftpClient(channelOf(near));
  const asked = expect(client.stat("x")).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  const there = channelOf(far);
  const status = Uint8Array.of(sftpTypes.status, 0, 0, 4, 0, 0, 0, 0, 0);
  await there.write(Uint8Array.of(0, 0, 0, 5, sftpTypes.version, 0, 0, 0, 3));
  await there.write(Uint8Array.of(0, 0, 0, status.length, ...status));
  await asked;
});

test("requests are laid out as the draft has them, and any answer is read or refused", () => {
  const bytes = encodeSftp(sftpTypes.read, 9, [Uint8Array.of(1, 2), { long: 2 ** 33 }, 5]);
  expect([...bytes]).toEqual([
    0, 0, 0, 23, 5, 0, 0, 0, 9, 0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5,
  ]);
  const type = fc.constantFrom(...Object.values(sftpTypes));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), type, (body, code) => {
      try {
        decodeSftp(Uint8Array.of(code, ...body));
      } catch (thrown) {
        expect(isSyncError(thrown, "BAD_MESSAGE")).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
