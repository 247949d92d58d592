import { randomBytes } from "node:crypto";
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type BlockAnswers, blockAnswers } from "../../../../src/archive/tar-like/block-answers.node.ts";
import { frameHead } from "../../../../src/archive/tar-like/frame-layout.ts";
import { encodeFrame } from "../../../../src/archive/tar-like/frames.node.ts";
import { createServer, type SyncServer } from "../../../../src/http/server.node.ts";
import { freshDir } from "../indexed-trees.ts";
import {
  cutShort,
  oldPut,
  oldRows,
  oldUpload,
  type OldFiles,
  type OldRow,
  plantOld,
  writeOldTable,
} from "./old-ends.ts";

let [dir, root, source, table, url] = ["", "", "", "", ""];
let server: SyncServer;
let answers: BlockAnswers;
let complete: number[];
let tables: { archive: number; bytes: number; isFirst: boolean }[];

async function open(): Promise<void> {
  answers = blockAnswers("/tar/", root, join(dir, "state"), {
    onTable: (taken) => tables.push(taken),
    onComplete: (archive) => complete.push(archive),
  });
  server = createServer({ share: {}, annex: answers });
  url = `${await server.listen({ port: 0 })}tar`;
}

async function close(): Promise<void> {
  await server.close();
  await answers.close();
}

beforeEach(async () => {
  dir = freshDir();
  [root, source, table] = [join(dir, "root"), join(dir, "source"), join(dir, "table")];
  mkdirSync(root);
  complete = [];
  tables = [];
  await open();
});
afterEach(close);

const plant = (files: OldFiles): OldRow[] => plantOld(source, table, files);

const example = {
  "a/big": randomBytes(2500),
  b: Buffer.from("twelve bytes"),
  empty: Buffer.alloc(0),
  "a/c": randomBytes(999),
  "d é": randomBytes(18),
  e: randomBytes(12),
  last: randomBytes(700),
};

function expectAll(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files))
    expect(readFileSync(join(root, path)).equals(Buffer.from(content)), path).toBe(true);
}

const put = async (path: string, content: string | Buffer) =>
  oldPut(`${url}/${path}`, await encodeFrame(Buffer.from(content)));
const putTable = async () => put("0/db", readFileSync(table));

test("takes what tar-like sends, in blocks of any length, and again", async () => {
  const rows = plant(example);
  for (const blockBytes of [1000, 4241, 30_000_000]) {
    expect(new Set(await oldUpload(url, source, table, rows, blockBytes))).toEqual(new Set([200]));
    expectAll(example);
  }
  expect(complete).toEqual([0]);
  await close();
  expect(readdirSync(root).sort()).toEqual(["a", "b", "d é", "e", "empty", "last"].sort());
  await open();
});

test("answers as tar-like does", async () => {
  plant({ a: "content" });
  expect(JSON.parse((await putTable()).text)).toEqual({ rc: expect.any(String) as string });
  const { status, text } = await put("0/100/0", "content");
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual({
    ...{ blk_no: 0, blk_size: 100, frags: 1, path: [0, 100, 0] },
    ...{ dur: expect.any(Number) as number, in_len: expect.any(Number) as number },
  });
});

test("tells of the first table, and of another one", async () => {
  for (const content of ["one", "one", "other"]) {
    plant({ a: content });
    await putTable();
  }
  expect(tables).toEqual([
    { archive: 0, bytes: 3, isFirst: true },
    { archive: 0, bytes: 5, isFirst: false },
  ]);
});

test("waits for the disk before a file gets its name, however long it is", async () => {
  plant({ small: "content", large: randomBytes(5000) });
  await putTable();
  const synced: boolean[] = [];
  const spied = vi.spyOn(fs, "fdatasync").mockImplementation((fd, end) => {
    synced.push(existsSync(join(root, "small")));
    spied.mockRestore();
    fs.fdatasync(fd, end);
  });
  onTestFinished(() => void spied.mockRestore());
  expect((await put("0/7/0", "content")).status).toBe(200);
  expect(synced).toEqual([false]);
  expectAll({ small: "content" });
});

test("says where bodies are taken", async () => {
  const { status, text } = await oldPut(`${new URL(url).origin}/0/7/0`, Buffer.from("x"));
  expect([status, text]).toEqual([400, expect.stringContaining("but below /tar/") as string]);
});

test("goes on after it was ended, with blocks of another length", async () => {
  const content = randomBytes(5000);
  plant({ big: content });
  await putTable();
  expect((await put("0/2000/1", content.subarray(2000, 4000))).status).toBe(200);
  expect(existsSync(join(root, "big"))).toBe(false);
  await close();
  await open();
  expect((await put("0/2500/0", content.subarray(0, 2500))).status).toBe(200);
  expect(existsSync(join(root, "big"))).toBe(false);
  expect((await put("0/1000/4", content.subarray(4000))).status).toBe(200);
  expectAll({ big: content });
});

test("what is gone from the directory is taken again", async () => {
  const rows = plant(example);
  await oldUpload(url, source, table, rows, 1000);
  rmSync(join(root, "a"), { recursive: true });
  rmSync(join(root, "empty"));
  await oldUpload(url, source, table, rows, 1000);
  expectAll(example);
});

test("tar-like 1: empty files come, wherever they begin", async () => {
  const rows = plant({ first: "", a: "x".repeat(1000), between: "", last: "" });
  await oldUpload(url, source, table, rows, 1000);
  expectAll({ first: "", a: "x".repeat(1000), between: "", last: "" });
  const empty = plant({ "only/empty": "" });
  await oldUpload(url, source, table, empty, 1000);
  expectAll({ "only/empty": "" });
});

test("tar-like 2: a file that became shorter spoils no other one, and is told", async () => {
  const rows = plant({ a: "a".repeat(100), b: "b".repeat(100), c: "c".repeat(1900) });
  cutShort(join(source, "a"), 90);
  expect(await oldUpload(url, source, table, rows, 1000)).toEqual([400, 200, 200]);
  expect(readdirSync(root)).toEqual([".rsync-stream-uploads"]);
  // A change that keeps the length is found by the MD5, and the files beside it come.
  writeFileSync(join(source, "a"), "x".repeat(100));
  expect(await oldUpload(url, source, table, rows, 1000)).toEqual([412, 200, 200]);
  expectAll({ b: "b".repeat(100), c: "c".repeat(1900) });
  expect(existsSync(join(root, "a"))).toBe(false);
  expect(complete).toEqual([]);
});

test("tar-like 3: blocks that come before the table are refused", async () => {
  expect((await put("0/1000/0", "content")).status).toBe(404);
});

test("tar-like 6: a longer file that is there keeps nothing, and stays until the new one is complete", async () => {
  writeFileSync(join(root, "a"), "old content that is longer");
  const rows = plant({ a: "new content" });
  await putTable();
  await put("0/6/0", "new co");
  expect(readFileSync(join(root, "a"), "utf8")).toBe("old content that is longer");
  await oldUpload(url, source, table, rows, 6);
  expectAll({ a: "new content" });
});

test("tar-like 7: what has come of one tree is not taken for another one", async () => {
  const first = randomBytes(2000);
  plant({ a: first });
  await putTable();
  await put("0/1000/0", first.subarray(0, 1000));
  const second = randomBytes(2000);
  plant({ a: second });
  await putTable();
  expect((await put("0/1000/1", second.subarray(1000))).status).toBe(200);
  expect(existsSync(join(root, "a"))).toBe(false);
  expect((await put("0/1000/0", second.subarray(0, 1000))).status).toBe(200);
  expectAll({ a: second });
});

test("tar-like 9: nothing is written or read outside", async () => {
  const reserved = [".rsync-stream-uploads/x", ".rsync-stream/lock", "a/.rsync-stream/x"];
  for (const path of ["../out", "a/../../out", "/etc/out", "a//b", "a\0b", ...reserved]) {
    rmSync(table, { force: true });
    writeOldTable(table, oldRows([[path, "x"]]));
    expect((await putTable()).status, path).toBe(400);
    expect((await put("0/10/0", "x")).status, path).toBe(404);
  }
  expect(readdirSync(root)).toEqual([]);
  mkdirSync(join(dir, "elsewhere"));
  symlinkSync(join(dir, "elsewhere"), join(root, "way"));
  plant({ "way/file": "x" });
  await putTable();
  expect((await put("0/10/0", "x")).status).toBe(400);
  expect(readdirSync(join(dir, "elsewhere"))).toEqual([]);
  expect(existsSync(join(dir, "out"))).toBe(false);
  expect((await fetch(`${url}/0/db`)).status).toBe(501);
  expect((await fetch(`${url}/../package.json`)).status).not.toBe(200);
});

test("tar-like 10: lengths are bounded, whoever chooses them", async () => {
  plant({ a: "x".repeat(100) });
  await putTable();
  const frame = Buffer.from(await encodeFrame(Buffer.from("x".repeat(100))));
  expect((await put("0/4294967295/0", "x".repeat(100))).status).toBe(400);
  expect((await put("0/99999999999/0", "x".repeat(100))).status).toBe(400);
  const honest = frameHead(100);
  expect(frame.subarray(0, honest.length).equals(honest)).toBe(true);
  const lying = Buffer.concat([frameHead(2 ** 40), frame.subarray(honest.length)]);
  // By its head alone: nothing is made of it before.
  expect(await oldPut(`${url}/0/100/0`, lying)).toMatchObject({
    status: 400,
    text: expect.stringContaining("holds more than it may") as string,
  });
  expect((await put("0/100/0", Buffer.alloc(10_000_000))).status).toBe(400);
  const long = await fetch(`${url}/0/100/0`, { method: "PUT", body: randomBytes(2_000_000) });
  expect(long.status).toBe(400);
});

test("tar-like 17: a table that was written twice is refused", async () => {
  const rows = oldRows([["a", "x"]]);
  writeOldTable(table, [...rows, ...rows]);
  expect((await putTable()).status).toBe(400);
  rmSync(table);
  writeOldTable(table, [...oldRows([["a", "x"]]), ...oldRows([["b", "y"]])]);
  expect((await putTable()).status).toBe(400);
  rmSync(table);
  writeOldTable(
    table,
    oldRows([
      ["a", "x"],
      ["a", "y"],
    ]),
  );
  expect((await putTable()).status).toBe(400);
});

test("what is no block or table is refused", async () => {
  plant({ a: "content" });
  await putTable();
  const statuses = await Promise.all(
    [
      put("0/100/1", "content"),
      put("0/100/-1", "content"),
      put("0/0/0", "content"),
      put("0/100/x", "content"),
      put("0/100", "content"),
      put("0/100/0?x=1", "content"),
      put("0/100/0", "conten"),
      put("0/100/0", ""),
      put("0/db", "no database"),
      oldPut(`${url}/0/100/0`, Buffer.from("no frame")),
      oldPut(`${url}/0/100/0`, Buffer.alloc(0)),
    ].map(async (answer) => (await answer).status),
  );
  expect(new Set(statuses)).toEqual(new Set([400]));
  expect(readdirSync(root)).toEqual([]);
});
