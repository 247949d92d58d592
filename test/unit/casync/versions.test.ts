import { utimesSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { dirBucket } from "../../../src/bucket/dir-bucket.node.ts";
import { s3Bucket } from "../../../src/bucket/s3.ts";
import { bucketChunks } from "../../../src/casync/bucket-chunks.ts";
import { PruneMark, pruneMarkLimits } from "../../../src/casync/prune-mark.ts";
import { pruneVersions } from "../../../src/casync/prune-versions.ts";
import { pushVersion } from "../../../src/casync/push-version.ts";
import { readBlob } from "../../../src/casync/read-blob.ts";
import { Versions } from "../../../src/casync/versions.ts";
import { plainCoding } from "../../../src/casync/chunk-coding.ts";
import { concatBytes, equalBytes } from "../../../src/bytes/compare.ts";
import type { Bytes } from "../../../src/types.ts";
import { countOf, quick, usePair } from "../bucket/sync/pairs.ts";

const pair = usePair();
const prefix = "store/";
/** Chunks have names as long as their digests, in folders by their beginning. */
const isChunk = (key: string): boolean => /^store\/[0-9a-f]{4}\/[0-9a-f]{64}$/.test(key);
const future = Date.now() + 86_400_000;
let place: { readonly bucket: ReturnType<typeof s3Bucket>; readonly prefix: string };
let chunks: ReturnType<typeof bucketChunks>;
beforeEach(() => {
  place = { bucket: s3Bucket(pair.source.url, "b", quick), prefix };
  chunks = bucketChunks(place.bucket, { prefix: "store", coding: plainCoding });
});

/** Bytes that repeat nothing, the same for each number. */
function noise(seed: number, length: number): Bytes {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

async function push(name: string, content: Bytes) {
  async function* read(): AsyncGenerator<Bytes> {
    yield content;
  }
  return pushVersion(place, { name, kind: "caibx" }, read, { store: chunks });
}

async function pull(name: string, version?: string): Promise<Bytes> {
  const versions = new Versions(place.bucket, prefix);
  const index = await versions.read(await versions.find(name, version));
  const parts: Bytes[] = [];
  for await (const part of readBlob(index, chunks)) parts.push(part);
  return concatBytes(parts);
}

const chunkKeys = () => [...pair.source.buckets.get("b")!.keys()].filter(isChunk);

test("a small change of a long blob sends a small change, and every version comes back", async () => {
  const first = noise(7919, 400_000);
  const second = concatBytes([first.subarray(0, 200_000), noise(15838, 100), first.subarray(200_000)]);
  const { version } = await push("blob", first);
  const before = chunkKeys().length;
  await push("blob", second);
  expect(chunkKeys().length - before).toBeLessThanOrEqual(3);
  await push("other", first);
  expect(equalBytes(await pull("blob"), second)).toBe(true);
  expect(equalBytes(await pull("blob", version), first)).toBe(true);
  await expect(pull("blob", "20000101T000000000Z")).rejects.toMatchObject({ code: "NOT_FOUND" });
  const all = await new Versions(place.bucket, prefix).list();
  expect(all.map(({ name, isPending }) => [name, isPending])).toEqual([
    ["blob", false],
    ["blob", false],
    ["other", false],
  ]);
});

test("what old versions had alone goes, and nothing that another one has, or that is young", async () => {
  const [old, kept] = [noise(23757, 150_000), noise(31676, 150_000)];
  await push("a", concatBytes([old, kept]));
  await push("a", kept);
  await push("b", kept);
  const count = chunkKeys().length;
  const young = await pruneVersions(place, chunks, { keptCount: 1, youngestMs: 0, isDry: true });
  expect([young.versions.length, young.removedChunks]).toEqual([1, 0]);
  const dry = await pruneVersions(place, chunks, { keptCount: 1, youngestMs: future, isDry: true });
  expect(chunkKeys().length).toBe(count);
  const done = await pruneVersions(place, chunks, { keptCount: 1, youngestMs: future });
  expect(done.removedChunks).toBe(dry.removedChunks);
  expect(done.removedChunks).toBeGreaterThan(0);
  expect(chunkKeys().length).toBe(count - done.removedChunks);
  expect(equalBytes(await pull("a"), kept)).toBe(true);
  expect(equalBytes(await pull("b"), kept)).toBe(true);
});

test("chunks that are pruned while a version is pushed are there when it is one", async () => {
  const content = noise(39595, 200_000);
  await push("a", content);
  await push("a", noise(47514, 1000));
  await pruneVersions(place, chunks, { keptCount: 1, youngestMs: 0 });
  // Who pushes them anew finds its chunks; then they go, before there is an index of them.
  let isPruned = false;
  pair.source.fault = async ({ method, key }) => {
    if (isPruned || method !== "PUT" || !key.endsWith(".pending")) return false;
    isPruned = true;
    await pruneVersions(place, chunks, { youngestMs: future });
    return false;
  };
  await push("b", content);
  expect(isPruned).toBe(true);
  expect(equalBytes(await pull("b"), content)).toBe(true);
});

test("who is killed while it pushes leaves no version, and what it left goes later", async () => {
  const stop = new AbortController();
  pair.source.fault = ({ method, key }) => {
    if (method !== "PUT" || !key.endsWith(".caibx")) return false;
    stop.abort(new Error("killed"));
    return true;
  };
  async function* read(): AsyncGenerator<Bytes> {
    yield noise(55433, 100_000);
  }
  const options = { store: chunks, signal: stop.signal };
  await expect(pushVersion(place, { name: "a", kind: "caibx" }, read, options)).rejects.toThrow("killed");
  pair.source.fault = undefined;
  await expect(pull("a")).rejects.toMatchObject({ code: "NOT_FOUND" });
  const done = await pruneVersions(place, chunks, { youngestMs: future });
  expect(done.versions.length).toBe(1);
  expect(chunkKeys()).toEqual([]);
});

test("one prunes a store at a time, and who pushes waits for that", async () => {
  const mark = new PruneMark(place.bucket, prefix);
  const order: string[] = [];
  let others: Promise<unknown> = Promise.resolve();
  await mark.hold(async () => {
    const pruned = pruneVersions(place, chunks, { youngestMs: 0 }).then(() => order.push("other"));
    const pushed = push("a", noise(63352, 1000)).then(() => order.push("other"));
    others = Promise.all([pruned, pushed]);
    const looks = () => countOf(pair.source, /^GET b\/store\/versions\/.prune/);
    await expect.poll(looks).toBeGreaterThanOrEqual(2);
    order.push("first");
  });
  await others;
  expect(order).toEqual(["first", "other", "other"]);
});

test("who pushes does not wait for one that pruned and was killed long ago", async () => {
  const key = `${prefix}versions/.prune`;
  await place.bucket.write(key, new TextEncoder().encode("killed 3 "));
  pair.source.timeMs += pruneMarkLimits.goneMs + 1000;
  await push("a", noise(63352, 1000));
  expect(countOf(pair.source, /^GET b\/store\/versions\/.prune/)).toBe(2);
  const folder = dirBucket(join(pair.folder, "store"));
  await folder.create();
  await folder.write(key, new TextEncoder().encode("killed 3 "));
  const old = Date.now() / 1000 - pruneMarkLimits.goneMs / 1000 - 10;
  utimesSync(join(pair.folder, "store", key), old, old);
  expect(await new PruneMark(folder, prefix).settled()).toBe("killed 3 ");
});

test("who stood still while it pruned removes nothing that others may have begun to use", async () => {
  const content = noise(71271, 100_000);
  await push("a", content);
  await push("a", noise(79190, 1000));
  onTestFinished(() => void vi.restoreAllMocks());
  const later = performance.now() + 600_000;
  pair.source.fault = ({ method, key }) => {
    if (method === "GET" && key.endsWith(".caibx")) vi.spyOn(performance, "now").mockReturnValue(later);
    return false;
  };
  const before = chunkKeys();
  await expect(pruneVersions(place, chunks, { keptCount: 1, youngestMs: future })).rejects.toMatchObject({
    code: "LOCKED",
  });
  vi.restoreAllMocks();
  expect(chunkKeys()).toEqual(before);
});
