import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { decodeByteText } from "../../../src/bytes/byte-text.ts";
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
function writeLittle(most: number): void {
  const write = fs.write as (...all: unknown[]) => void;
  vi.spyOn(fs, "write").mockImplementation(((...all: unknown[]) => {
    const [fd, bytes, from, length, position, end] = all as [
      number,
      Uint8Array,
      number,
      number,
      number,
      unknown,
    ];
    write(fd, bytes, from, Math.min(most, length), position, end);
  }) as typeof fs.write);
}

test("content is complete though the system takes little of it at a time", async () => {
  writeLittle(3);
  const bucket = dirBucket(join(folder, "b"));
  await bucket.create();
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

test("a name that is no UTF-8 is told by its bytes, and is no object", async () => {
  const name = Buffer.from([0x66, 0xff]);
  const place = Buffer.concat([Buffer.from(`${folder}/`), name]);
  try {
    writeFileSync(place, "x");
  } catch {
    return void console.log("this file system has no such names");
  }
  const skipped: (string | undefined)[] = [];
  const bucket = dirBucket(folder, { onSkipped: ({ detail }) => void skipped.push(detail.path) });
  for await (const objects of bucket.pages({ prefix: "" })) expect(objects).toEqual([]);
  expect(skipped).toEqual([decodeByteText(name)]);
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

test("a directory that is swapped for a link leads nowhere, while it is listed, read and written", async () => {
  const [root, outside] = ["b", "outside"].map((name) => join(folder, name)) as [string, string];
  for (const dir of [join(root, "z"), outside]) mkdirSync(dir, { recursive: true });
  // As many as are on a page, so that what is behind them is looked at later.
  for (let at = 0; at < 1000; at++) writeFileSync(join(root, `a${String(at).padStart(4, "0")}`), "");
  for (const dir of [join(root, "z"), outside]) writeFileSync(join(dir, "secret"), "secret");
  const bucket = dirBucket(root);
  const keys: string[] = [];
  for await (const page of bucket.pages({ prefix: "" })) {
    keys.push(...page.map(({ key }) => key));
    if (existsSync(join(root, "was"))) continue;
    renameSync(join(root, "z"), join(root, "was"));
    symlinkSync(outside, join(root, "z"));
  }
  expect(keys.filter((key) => key.endsWith("secret"))).toEqual([]);
  await expect(bucket.read("z/secret")).rejects.toMatchObject({ code: "PATH" });
  await expect(bucket.write("z/new", Buffer.from("x"))).rejects.toMatchObject({ code: "PATH" });
  expect(await bucket.deleteMany(["z/secret"])).toMatchObject([{ key: "z/secret" }]);
  expect(readdirSync(outside)).toEqual(["secret"]);
});

test("a directory that was removed is not listed as an empty one, whatever stands in its place", async () => {
  const root = join(folder, "b");
  const bucket = dirBucket(root);
  await bucket.create();
  const list = async (): Promise<unknown> => {
    const pages = [];
    for await (const page of bucket.pages({ prefix: "" })) pages.push(page);
    return pages;
  };
  expect(await list()).toEqual([[]]);
  rmSync(root, { recursive: true });
  await expect(list()).rejects.toMatchObject({ code: "IO", detail: { path: root } });
  mkdirSync(root);
  writeFileSync(join(root, "new"), "");
  await expect(list()).rejects.toMatchObject({ code: "IO", detail: { path: root } });
});

test("a file that is swapped for a link is not copied", async () => {
  writeFileSync(join(folder, "secret"), "secret");
  const bucket = dirBucket(join(folder, "b"));
  await bucket.create();
  await bucket.write("k", Buffer.from("content"));
  const facts = (await bucket.head("k"))!;
  rmSync(join(folder, "b", "k"));
  symlinkSync(join(folder, "secret"), join(folder, "b", "k"));
  vi.spyOn(bucket, "head").mockResolvedValueOnce(facts);
  await expect(bucket.copy({ bucket, key: "k" }, "copy")).rejects.toMatchObject({ name: "SyncError" });
  expect(existsSync(join(folder, "b", "copy"))).toBe(false);
});

test("parts are on their medium when they are written, and leftovers go with time", async () => {
  const synced = vi.spyOn(fs, "fdatasync");
  const bucket = dirBucket(join(folder, "b"));
  await bucket.create();
  const metadata = { headers: {}, user: {} };
  const [old, young] = [
    await bucket.parts.begin("old", metadata),
    await bucket.parts.begin("young", metadata),
  ];
  await bucket.parts.write(young, { number: 1, offset: 0 }, Buffer.from("x"));
  expect(synced).toHaveBeenCalledTimes(1);
  const uploads = join(folder, "b", ".rsync-stream-uploads");
  utimesSync(join(uploads, old.id), 0, 0);
  await bucket.close!();
  expect(readdirSync(uploads)).toEqual([young.id]);
  await bucket.parts.complete(young, []);
  await bucket.close!();
  expect(readdirSync(join(folder, "b"))).toEqual(["young"]);
});

test("a file in the place of the directory is told as that", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "");
  const bucket = dirBucket(path);
  const failure = { code: "NOT_FOUND", message: "this is no directory", detail: { path } };
  await expect(bucket.exists()).rejects.toMatchObject(failure);
  await bucket.close?.();
  expect(await dirBucket(join(path, "below")).exists()).toBe(false);
});
