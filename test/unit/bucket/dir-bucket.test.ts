import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dirBucket } from "../../../src/bucket/dir-bucket.node.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rsync-stream-dir-bucket-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Has the system take so many bytes at a time, as it does when a file system gets full. */
async function writeLittle(most: number): Promise<void> {
  const probe = await open(join(folder, "probe"), "w");
  const handles = Object.getPrototypeOf(probe) as Pick<FileHandle, "write">;
  await probe.close();
  const write = handles.write as (...all: unknown[]) => unknown;
  vi.spyOn(handles, "write").mockImplementation(async function (this: unknown, ...all: unknown[]) {
    const [bytes, from, length, position] = all as [Uint8Array, number, number, number];
    return write.call(this, bytes, from, Math.min(most, length), position) as never;
  } as FileHandle["write"]);
}

test("content is complete though the system takes little of it at a time", async () => {
  await writeLittle(3);
  const bucket = dirBucket(join(folder, "b"));
  await bucket.write("k", Buffer.from("0123456789"));
  const upload = await bucket.parts.begin("long", { headers: {}, user: {} });
  for (const [at, text] of ["abcdefgh", "ijkl"].entries())
    await bucket.parts.write(upload, { number: at + 1, offset: at * 8 }, Buffer.from(text));
  await bucket.parts.complete(upload, []);
  expect(readFileSync(join(folder, "b", "k"), "utf8")).toBe("0123456789");
  expect(readFileSync(join(folder, "b", "long"), "utf8")).toBe("abcdefghijkl");
});

test("a mark of the order of bytes is a part of a name", async () => {
  const names = ["\ufeffa", "a"];
  for (const name of names) writeFileSync(join(folder, name), name);
  const keys: string[] = [];
  for await (const page of dirBucket(folder).pages({ prefix: "" })) keys.push(...page.map(({ key }) => key));
  expect(keys).toEqual(["a", "\ufeffa"]);
});

test("a link where content would wait leads nowhere", async () => {
  const outside = join(folder, "outside");
  mkdirSync(outside);
  mkdirSync(join(folder, "b"));
  symlinkSync(outside, join(folder, "b", ".rsync-stream-uploads"));
  const bucket = dirBucket(join(folder, "b"));
  await expect(bucket.write("k", Buffer.from("x"))).rejects.toMatchObject({ code: "PATH" });
  await expect(bucket.parts.begin("k", { headers: {}, user: {} })).rejects.toMatchObject({ code: "PATH" });
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(join(folder, "b"))).toEqual([".rsync-stream-uploads"]);
});

test("of content that cannot get its name nothing is left, and a time that is none is not set", async () => {
  mkdirSync(join(folder, "b", "k"), { recursive: true });
  writeFileSync(join(folder, "b", "k", "in"), "in");
  const bucket = dirBucket(join(folder, "b"));
  await bucket.write("from", Buffer.from("from"), { metadata: { headers: {}, user: { mtime: "1e300" } } });
  await expect(bucket.write("k", Buffer.from("x"))).rejects.toMatchObject({ code: "PATH" });
  await expect(bucket.copy({ bucket, key: "from" }, "k")).rejects.toMatchObject({ code: "PATH" });
  expect(readdirSync(join(folder, "b", ".rsync-stream-uploads"))).toEqual([]);
  expect(readFileSync(join(folder, "b", "from"), "utf8")).toBe("from");
});
