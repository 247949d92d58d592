import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bucketReadLimits } from "../../../src/archive/bucket-tree/bucket-content.node.ts";
import { bucketShare } from "../../../src/archive/bucket-tree/bucket-share.node.ts";
import { openBucketSource } from "../../../src/archive/bucket-tree/bucket-source.node.ts";
import { fileTimeOf } from "../../../src/bucket/dir-facts.node.ts";
import { compareKeys } from "../../../src/bucket/key-order.ts";
import type { ObjectBucket, ObjectFacts, ReadTerms } from "../../../src/bucket/object-bucket.ts";
import { SyncError } from "../../../src/errors.ts";
import { JobPlaces } from "../../../src/jobs/job-places.node.ts";
import type { TransferOptions } from "../../../src/transfer/transfer-options.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { createTreeFilter, type TreeFilter } from "../../../src/tree/filter/tree-filter.ts";
import type { TreeSource } from "../../../src/tree/source.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { freshDir } from "./indexed-trees.ts";

interface StoredObject {
  bytes: Uint8Array;
  readonly user?: Readonly<Record<string, string>>;
}

/** A bucket in memory, as far as it is read, that counts requests. */
class ReadBucket {
  readonly objects = new Map<string, StoredObject>();
  readonly requests = { page: 0, head: 0, read: 0 };
  /** What a read of a key ends with. */
  readonly failures = new Map<string, SyncError>();

  constructor(objects: Readonly<Record<string, string | Uint8Array | StoredObject>>) {
    for (const [key, given] of Object.entries(objects)) {
      if (typeof given === "object" && "bytes" in given) this.objects.set(key, given);
      else this.objects.set(key, { bytes: Buffer.from(given as string) });
    }
  }

  get bucket(): ObjectBucket {
    return this as unknown as ObjectBucket;
  }

  #factsOf({ bytes, user = {} }: StoredObject): ObjectFacts {
    const mark = Buffer.from(bytes).toString("base64").slice(0, 40) + bytes.length;
    return {
      sizeBytes: bytes.length,
      writtenMs: 1_600_000_000_500,
      mark,
      metadata: { headers: {}, user },
      checksums: {},
    };
  }

  async *pages({ prefix }: { prefix: string }) {
    this.requests.page += 1;
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    yield keys.map((key) => ({ key, ...this.#factsOf(this.objects.get(key)!) }));
  }

  async head(key: string) {
    this.requests.head += 1;
    const found = this.objects.get(key);
    return found && this.#factsOf(found);
  }

  async read(key: string, { range, ifMark }: ReadTerms) {
    this.requests.read += 1;
    const failure = this.failures.get(key);
    if (failure) throw failure;
    const found = this.objects.get(key);
    if (!found) return undefined;
    const facts = this.#factsOf(found);
    if (facts.mark !== ifMark) throw new SyncError("CHANGED", "another one");
    const { offset, length } = range!;
    return { bytes: new Uint8Array(found.bytes.subarray(offset, offset + length)), facts };
  }
}

async function list(source: TreeSource): Promise<{ paths: string[]; troubles: string[] }> {
  const [paths, troubles]: string[][] = [[], []];
  const onTrouble = ({ code, detail }: SyncError) => troubles!.push(`${code} ${detail.path}`);
  for await (const batch of source.entries({ onTrouble }))
    for (const { entry } of batch)
      paths!.push(
        `${" ".repeat(entry.depth)}${Buffer.from(entry.name).toString()}${entry.kind === "dir" ? "/" : ""}`,
      );
  return { paths: paths!, troubles: troubles! };
}

const listOf = async (store: ReadBucket, path = "", filter?: TreeFilter) =>
  list((await openBucketSource(store.bucket, path, { filter })) as TreeSource);

const place = (store: ReadBucket, path = "") => ({
  openSource: async ({ filter }: { filter?: TreeFilter | undefined }) =>
    (await openBucketSource(store.bucket, path, { filter })) as TreeSource,
});

async function receive(store: ReadBucket, to: string, path = "", options: TransferOptions = {}) {
  const troubles: string[] = [];
  const summary = await transfer(place(store, path), to, {
    ...options,
    onTrouble: ({ code, detail }) => troubles.push(`${code} ${detail.path}`),
  });
  return { summary, troubles };
}

test("content of the same size is compared, where that is asked for", async () => {
  const to = freshDir();
  const long = xorshiftBytes(7, bucketReadLimits.readPartBytes + 300_000);
  const store = new ReadBucket({ long, new: "old", none: "", same: "same" });
  await receive(store, `${to}/`);
  const openSource = async () =>
    (await openBucketSource(store.bucket, "", { comparesContent: true })) as TreeSource;
  const differing = async () => {
    const paths: string[] = [];
    await transfer({ openSource }, to, {
      dryRun: true,
      rule: { equality: "content" },
      onChange: ({ path }) => paths.push(path),
    });
    return paths;
  };
  expect(await differing()).toEqual([]);
  store.objects.set("new", { bytes: Buffer.from("new") });
  const other = Uint8Array.from(long);
  other[bucketReadLimits.readPartBytes + 1]! ^= 1;
  store.objects.set("long", { bytes: other });
  expect(await differing()).toEqual(["long", "new"]);
  await transfer({ openSource }, to, { rule: { equality: "content" } });
  expect(await differing()).toEqual([]);
  expect(readFileSync(join(to, "long")).equals(other)).toBe(true);
});

test("keys are paths in the order of trees, and markers are directories", async () => {
  const store = new ReadBucket({
    "a/b": "1",
    "a-b": "2",
    "a.b/c": "3",
    "a/b-/x": "4",
    "a/": "",
    "void/": "",
    a0: "5",
  });
  expect(await listOf(store)).toEqual({
    paths: ["./", " a/", "  b", "  b-/", "   x", " a-b", " a.b/", "  c", " a0", " void/"],
    troubles: [],
  });
});

test("a prefix is what is below it, or a directory or file of that name", async () => {
  const store = new ReadBucket({ "p/q/x": "1", "p/q/y": "2", "p/q2": "3", "p/q-": "4" });
  expect((await listOf(store, "p/q/")).paths).toEqual(["./", " x", " y"]);
  expect((await listOf(store, "p/q")).paths).toEqual(["q/", " x", " y"]);
  expect((await listOf(store, "p/q2")).paths).toEqual(["q2"]);
  await expect(listOf(store, "p/none")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await listOf(new ReadBucket({}))).paths).toEqual(["./"]);
});

test("keys that no file can have are told, and the others come", async () => {
  const store = new ReadBucket({
    ...{ "../out": "1", "a//b": "2", "./c": "3", "x\0y": "4", [`${"n".repeat(256)}`]: "5", "/top": "6" },
    ...{ file: "7", "file/": "", "file/below": "8", ok: "9" },
  });
  const { paths, troubles } = await listOf(store);
  expect(paths).toEqual(["./", " file", " ok"]);
  expect(troubles.toSorted()).toEqual(
    ["../out", "./c", "/top", "a//b", "file", "file/below", "n".repeat(256), "x\0y"]
      .map((key) => `PATH ${key}`)
      .toSorted(),
  );
});

test("rules leave out what they say, and nothing is asked about it", async () => {
  const store = new ReadBucket({ "a/keep": "1", "a/b.tmp": "2", "tmp/x": "3", "tmp/y/z": "4", "z/tmp": "5" });
  const filter = createTreeFilter(["- *.tmp", "- /tmp/"]);
  expect((await listOf(store, "", filter)).paths).toEqual(["./", " a/", "  keep", " z/", "  tmp"]);
  expect(store.requests.head).toBe(2);
});

test("times and modes are those of metadata, to the nanosecond", () => {
  const timeOf = (mtime: string, writtenMs = 1500) =>
    fileTimeOf({ writtenMs, metadata: { headers: {}, user: { mtime } } });
  expect(timeOf("1700000000.123456789")).toEqual({ mtimeSec: 1_700_000_000, mtimeNsec: 123_456_789 });
  expect(timeOf("1700000000")).toEqual({ mtimeSec: 1_700_000_000, mtimeNsec: 0 });
  expect(timeOf("-1.5")).toEqual({ mtimeSec: -2, mtimeNsec: 500_000_000 });
  expect(timeOf("-3")).toEqual({ mtimeSec: -3, mtimeNsec: 0 });
  for (const none of ["", "soon", "9".repeat(13), "1e3", "0x10"])
    expect(timeOf(none)).toEqual({ mtimeSec: 1, mtimeNsec: 500_000_000 });
  expect(timeOf("", 1500.3)).toEqual({ mtimeSec: 1, mtimeNsec: 500_000_000 });
  expect(timeOf("", Number.NaN)).toEqual({ mtimeSec: 0, mtimeNsec: 0 });
});

test("a tree is read from a bucket into a directory; a second run reads nothing", async () => {
  const large = xorshiftBytes(1, 2 * bucketReadLimits.readPartBytes + 12_345);
  const user = { mtime: "1700000000.5", mode: "33216" };
  const store = new ReadBucket({ "d/large": { bytes: large, user }, "d/small": "hello", empty: "" });
  const to = join(freshDir(), "copy");
  expect((await receive(store, to)).troubles).toEqual([]);
  expect(readFileSync(join(to, "d/large")).equals(large)).toBe(true);
  expect(readFileSync(join(to, "d/small"), "utf8")).toBe("hello");
  expect(readFileSync(join(to, "empty"), "utf8")).toBe("");
  expect(statSync(join(to, "d/large"))).toMatchObject({ mtimeMs: 1_700_000_000_500, mode: 0o100700 });
  expect(store.requests).toEqual({ page: 1, head: 3, read: 4 });
  const { summary } = await receive(store, to);
  expect(summary.type === "receive" && summary.receivedBytes).toBe(0);
  expect(store.requests.read).toBe(4);
});

test("tar-like 8: an object that fails, changed or is gone is told, and never becomes content", async () => {
  const store = new ReadBucket({
    a: "content of a",
    b: "content of b",
    c: "content of c",
    d: "fine",
    e: "content of e",
  });
  store.failures.set("a", new SyncError("UNAUTHORIZED", "denied"));
  const to = freshDir();
  writeFileSync(join(to, "a"), "old");
  const read = store.read.bind(store);
  store.read = async (key, terms) => {
    if (key === "b") store.objects.set("b", { bytes: Buffer.from("other") });
    if (key === "c") store.objects.delete("c");
    const found = await read(key, terms);
    // Less than was asked for, and nothing else is wrong with it.
    return key === "e" && found ? { ...found, bytes: found.bytes.subarray(0, 5) } : found;
  };
  const { summary, troubles } = await receive(store, `${to}/`);
  expect(troubles.map((line) => line.split(" ").at(-1)).toSorted()).toEqual(["a", "b", "c", "e"]);
  expect(() => statSync(join(to, "e"))).toThrow("ENOENT");
  expect(summary.failed + summary.troubles).toBeGreaterThanOrEqual(3);
  expect(readFileSync(join(to, "a"), "utf8")).toBe("old");
  expect(() => statSync(join(to, "b"))).toThrow("ENOENT");
  expect(readFileSync(join(to, "d"), "utf8")).toBe("fine");
});

test("nothing more is read of an object that failed", async () => {
  const store = new ReadBucket({ a: "1" });
  store.failures.set("a", new SyncError("VANISHED", "gone"));
  const source = await openBucketSource(store.bucket, "");
  const file = { key: "a", path: "a", size: 1e12, mark: "" };
  const ends: unknown[] = [];
  for await (const runs of source.cut(
    [file, { ...file }],
    { name: "fastcdc", minBytes: 1024, averageBytes: 4096, maxBytes: 16_384 },
    {},
  ))
    ends.push(...runs.map(({ end }) => end));
  expect(ends).toHaveLength(2);
  expect(store.requests.read).toBeLessThanOrEqual(2 * bucketReadLimits.readPartCount);
});

test("a listing that breaks off deletes nothing", async () => {
  const store = new ReadBucket({ a: "1", b: "2" });
  store.pages = async function* () {
    yield [];
    throw new SyncError("PEER_GONE", "gone");
  };
  const to = freshDir();
  writeFileSync(join(to, "mine"), "mine");
  await expect(receive(store, `${to}/`, "", { maxDeletedCount: 10, retries: 0 })).rejects.toMatchObject({
    code: "PEER_GONE",
  });
  expect(readFileSync(join(to, "mine"), "utf8")).toBe("mine");
});

test("a place of jobs goes from it", async () => {
  const store = new ReadBucket({ "p/q/x": "1", "p/q/y.tmp": "2" });
  const places = new JobPlaces([{ name: "s3", share: bucketShare(store.bucket, "p/") }]);
  const { place: from } = places.source("s3/q/", { filter: ["- *.tmp"] });
  const to = freshDir();
  await transfer(from, `${to}/`);
  expect(readFileSync(join(to, "x"), "utf8")).toBe("1");
  expect(() => statSync(join(to, "y.tmp"))).toThrow("ENOENT");
  expect(() => places.source("s3/q/", { flatDirs: true })).toThrow("not carried out");
});
