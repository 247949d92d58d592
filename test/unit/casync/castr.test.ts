import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { equalBytes } from "../../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { plainCoding } from "../../../src/casync/chunk-coding.ts";
import { verifyKept } from "../../../src/casync/kept-chunks.ts";
import { encryptedCoding } from "../../../src/casync/encrypted-coding.node.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import type { SyncError } from "../../../src/errors.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { storeCases } from "../../../src/testing/store-suite.ts";
import { casyncJson, collect } from "./vectors.ts";

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-castr-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const codings = {
  compressed: undefined,
  plain: plainCoding,
  encrypted: encryptedCoding(plainCoding, "aes-256-gcm", new Uint8Array(32)),
};

describe.each(Object.entries(codings))("a store of %s chunks", (_, coding) => {
  const open = async () =>
    castrStore(join(freshFolder(), "a.castr"), {
      digest: sha256Digest,
      create: true,
      ...(coding && { coding }),
    });
  for (const { name, run } of storeCases(open)) test(name, run);
});

const vectors = new URL("../../vectors/casync/store/", import.meta.url).pathname;
const { chunks } = casyncJson<{ chunks: { id: string; size: number; file: string }[] }>("store/store.json");

function copyOfStore(): string {
  const folder = join(freshFolder(), "default.castr");
  cpSync(join(vectors, "default.castr"), folder, { recursive: true });
  return folder;
}

test("a store that casync made is read", async () => {
  const store = castrStore(join(vectors, "default.castr"));
  for (const { id, size } of chunks) expect((await store.get(fromHex(id))).bytes.length).toBe(size);
  const ids = (await collect(store.kept())).map(({ id }) => toHex(id));
  expect(ids.sort()).toEqual(chunks.map(({ id }) => id).sort());
  expect((await collect(store.list())).map(({ size }) => size).sort()).toEqual(
    chunks.map(({ size }) => size).sort(),
  );
});

test("a chunk without suffix is read where the compressed one is missing", async () => {
  const folder = freshFolder();
  const chunk = chunkOf(new Uint8Array(100), sha512_256Digest);
  await castrStore(folder, { coding: plainCoding }).put(chunk);
  expect((await castrStore(folder).get(chunk.id)).bytes).toEqual(chunk.bytes);
});

test("damage is found, with its place, and nothing else is", async () => {
  const folder = copyOfStore();
  const [flipped, emptied, swapped] = [chunks[0]!, chunks[1]!, chunks[2]!];
  const bytes = readFileSync(join(folder, flipped.file));
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(join(folder, flipped.file), bytes);
  writeFileSync(join(folder, emptied.file), "");
  cpSync(join(folder, chunks[5]!.file), join(folder, swapped.file));
  const store = castrStore(folder);
  const found = await collect(verifyKept(store));
  expect(found.length).toBe(chunks.length);
  const bad = found.filter(({ trouble }) => trouble !== undefined);
  expect(bad.map(({ trouble }) => trouble!.detail.path).sort()).toEqual(
    [flipped, emptied, swapped].map(({ file }) => join(folder, file)).sort(),
  );
  await expect(store.get(fromHex(flipped.id))).rejects.toMatchObject({ code: "CORRUPT" });
});

test("what casync knows to be missing is missing", async () => {
  const folder = freshFolder();
  const id = new Uint8Array(32).fill(0xab);
  mkdirSync(join(folder, "abab"));
  symlinkSync("/dev/null", join(folder, "abab", `${toHex(id)}.cacnk`));
  const store = castrStore(folder);
  await expect(store.get(id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await store.has(id)).toBe(false);
});

test("what cannot be reached is told with its path, and is not taken for missing", async () => {
  const folder = freshFolder();
  const id = new Uint8Array(32).fill(0xab);
  symlinkSync("abab", join(folder, "abab"));
  const trouble = { code: "CORRUPT", detail: { path: join(folder, "abab", `${toHex(id)}.cacnk`) } };
  await expect(castrStore(folder).get(id)).rejects.toMatchObject(trouble);
});

test("what writers left behind is removed when it is old, and nothing else", async () => {
  const folder = copyOfStore();
  const shard = readdirSync(folder)[0]!;
  const left = [`.tmp-cacnk123`, `${"0".repeat(64)}.0123456789abcdef.tmp`];
  for (const name of [...left, "notes.tmp"]) {
    writeFileSync(join(folder, shard, name), "");
    utimesSync(join(folder, shard, name), 1, 1);
  }
  writeFileSync(join(folder, shard, ".tmp-cacnknew"), "");
  const store = castrStore(folder);
  expect(await store.sweep(3_600_000)).toBe(2);
  const names = readdirSync(join(folder, shard));
  expect(names).toContain(".tmp-cacnknew");
  expect(names).toContain("notes.tmp");
  expect((await collect(store.kept())).length).toBe(chunks.length);
});

test("what a link in the place of a directory leads to is not looked after", async () => {
  const [folder, other] = [copyOfStore(), copyOfStore()];
  const shard = readdirSync(folder)[0]!;
  rmSync(join(folder, shard), { recursive: true });
  symlinkSync(join(other, shard), join(folder, shard));
  writeFileSync(join(other, shard, ".tmp-cacnk1"), "");
  utimesSync(join(other, shard, ".tmp-cacnk1"), 1, 1);
  const store = castrStore(folder);
  const ids = (await collect(store.kept())).map(({ id }) => toHex(id));
  expect(ids.length).toBeGreaterThan(0);
  expect(ids.filter((id) => id.startsWith(shard))).toEqual([]);
  expect(await store.sweep(3_600_000)).toBe(0);
});

test("a store that is not there is made only when that is asked for", async () => {
  const folder = join(freshFolder(), "none");
  expect(() => castrStore(folder)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  castrStore(folder, { create: true });
  castrStore(folder);
  writeFileSync(join(folder, "file"), "");
  expect(() => castrStore(join(folder, "file"))).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("many chunks are written as well as few, and what fails is told", async () => {
  const folder = freshFolder();
  const store = castrStore(folder);
  const some = Array.from({ length: 40 }, (_, i) =>
    chunkOf(new Uint8Array(200_000).fill(i + 1), sha512_256Digest),
  );
  await Promise.all(some.map((chunk) => store.put(chunk)));
  // The bytes of a chunk are still its owner's.
  for (const { id, bytes } of some) expect(equalBytes((await store.get(id)).bytes, bytes)).toBe(true);
  const left = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /tmp/.test(name));
  expect(left).toEqual([]);
  const last = chunkOf(new Uint8Array(7), sha512_256Digest);
  writeFileSync(join(folder, toHex(last.id).slice(0, 4)), "no directory");
  await expect(store.put(last)).rejects.toMatchObject({ code: "IO" });
  await store.close();
});

test("many chunks are read as well as few, and each that cannot be is told", async () => {
  const folder = freshFolder();
  await using store = castrStore(folder);
  const some = Array.from({ length: 60 }, (_, i) =>
    chunkOf(new Uint8Array(200_000).fill(i + 1), sha512_256Digest),
  );
  for (const chunk of some) await store.put(chunk);
  const [damaged, missing] = [some[40]!, some[50]!].map(({ id }) => toHex(id));
  const pathOf = (name: string) => join(folder, name.slice(0, 4), `${name}.cacnk`);
  writeFileSync(pathOf(damaged!), readFileSync(pathOf(toHex(some[1]!.id))));
  rmSync(pathOf(missing!));
  const codesOf = async () => {
    const results = await Promise.allSettled(some.map(({ id }) => store.get(id)));
    return results.map((result, i) => {
      if (result.status === "rejected") return (result.reason as SyncError).code;
      return equalBytes(result.value.bytes, some[i]!.bytes) ? "" : "other bytes";
    });
  };
  const expected = some.map((_, i) => (i === 40 ? "CORRUPT" : i === 50 ? "NOT_FOUND" : ""));
  for (let round = 0; round < 3; round++) expect(await codesOf()).toEqual(expected);
});

test("stores that compress and expand at one time do not get into each other's way", async () => {
  const stores = Array.from({ length: 3 }, () => castrStore(freshFolder()));
  const some = Array.from({ length: 120 }, (_, i) =>
    chunkOf(Buffer.from(`${i} ${i * i} `.repeat(15_000)), sha512_256Digest),
  );
  await Promise.all(stores.map((store) => Promise.all(some.map((chunk) => store.put(chunk)))));
  for (const found of await Promise.all(
    stores.flatMap((store) => some.map(async ({ id }) => (await store.get(id)).bytes.length)),
  ))
    expect(found).toBeGreaterThan(0);
  await Promise.all(stores.map((store) => store.close()));
});

test("a chunk that is put again is young, for whoever prunes", async () => {
  const folder = freshFolder();
  const store = castrStore(folder);
  const chunk = chunkOf(new Uint8Array(100), sha512_256Digest);
  await store.put(chunk);
  const name = toHex(chunk.id);
  utimesSync(join(folder, name.slice(0, 4), `${name}.cacnk`), 1, 1);
  await store.put(chunk);
  const [kept] = await collect(store.kept());
  expect(kept!.writtenMs).toBeGreaterThan(Date.UTC(2020));
  utimesSync(join(folder, name.slice(0, 4), `${name}.cacnk`), 1, 1);
  expect(await store.renew!(chunk.id)).toBe(true);
  const [renewed] = await collect(store.kept());
  expect(renewed!.writtenMs).toBeGreaterThan(Date.UTC(2020));
  expect(await store.renew!(new Uint8Array(32))).toBe(false);
  expect([chunk.id, new Uint8Array(32)].map((id) => store.renewNow!(id))).toEqual([true, false]);
});
