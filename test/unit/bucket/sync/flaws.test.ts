import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { dirBucket } from "../../../../src/bucket/dir-bucket.node.ts";
import { s3Bucket } from "../../../../src/bucket/s3.ts";
import { asking, requestLimits, backoffMs } from "../../../../src/bucket/requests.ts";
import { Slots } from "../../../../src/bucket/sync/slots.ts";
import { SyncState } from "../../../../src/bucket/sync/state.node.ts";
import { partPlanLimits } from "../../../../src/bucket/sync/copy-in-parts.node.ts";
import { syncBuckets } from "../../../../src/bucket/sync/sync-buckets.node.ts";
import { purgeVersions } from "../../../../src/bucket/sync/purge-versions.ts";
import type { S3Stub, StubRequest } from "../../../s3-stub.ts";
import { countOf, quick, usePair } from "./pairs.ts";

/**
 * What tools of this kind get wrong, each by itself. Flaws have numbers: 1 a partial listing
 * decides over deletions, 2 an empty source empties the destination, 3 a state is used for another
 * pair, 4 retries without a pause, 5 one object stops all, 6 objects that are too long, or whose
 * ETags are of parts, 7 content comes through here needlessly, or is staged, 8 a slow object holds
 * up others, 9 one request or commit for each object, 10 metadata, prefixes and rules are lost, 11
 * a purge for one provider, 12 what is gone stops a run, 13 nothing is told, 14 two runs at once,
 * 15 checks that read all, or raise false alarms. Traps are what tests of this kind forget: 4 kills
 * in every phase, 10 sources that are empty or not there, 11 what vanishes and what is long, 12
 * attempts without a pause.
 */

const pair = usePair();

function refuse(response: ServerResponse, status: number, code: string): boolean {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
  return true;
}

const isListing = ({ query }: StubRequest): boolean => query.has("list-type");

/** The same keys at both sides, and an old one more at the destination. */
function fill(count: number): void {
  for (let i = 0; i < count; i++) {
    pair.source.put("b", `k${i}`, `content ${i}`);
    pair.destination.put("b", `k${i}`, `content ${i}`);
  }
  pair.destination.put("b", "old", "old");
}

test("flaw 1: a listing that fails deletes nothing, and the next run has it all", async () => {
  fill(30);
  pair.source.pageLength = 10;
  let pageCount = 0;
  pair.source.fault = (request, response) =>
    isListing(request) && ++pageCount > 2 && refuse(response, 403, "AccessDenied");
  await expect(pair.sync({ deletes: true })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(Object.keys(pair.contentsOf(pair.destination)).length).toBe(31);
  pair.source.fault = undefined;
  pair.source.requests.length = 0;
  expect(await pair.sync({ deletes: true })).toMatchObject({ isResumed: true, deleted: 1, equal: 30 });
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  expect(countOf(pair.source, /start-after/)).toBe(1);
});

test("flaw 12: a bucket that goes away meanwhile is asked for an object once", async () => {
  pair.source.put("b", "k", "content");
  let count = 0;
  const fault = (request: StubRequest, response: ServerResponse): boolean => {
    if (isListing(request)) return false;
    count += 1;
    return refuse(response, 404, "NoSuchBucket");
  };
  [pair.source.fault, pair.destination.fault] = [fault, fault];
  expect(await pair.sync({})).toMatchObject({ copied: 0, failed: 1 });
  expect(count).toBe(1);
});

test("flaw 9: a long listing is read at several places, and one that fails goes on at each of them", async () => {
  fill(300);
  pair.destination.put("b", "k7", "other");
  for (const stub of [pair.source, pair.destination]) stub.pageLength = 2;
  const placesOf = (): number =>
    countOf(pair.source, /^GET b\/\?list-type&prefix&encoding-type&start-after$/);
  for (const failing of [Infinity, 40, 130, 180]) {
    let count = 0;
    pair.source.requests.length = 0;
    pair.source.fault = (request, response) =>
      isListing(request) && ++count >= failing && refuse(response, 403, "AccessDenied");
    const options = { deletes: true, isDry: true, restarts: true };
    const first = pair.sync(options);
    if (failing === Infinity) {
      expect(await first).toMatchObject({
        equal: 299,
        copied: 0,
        sourceObjects: 300,
        destinationObjects: 301,
      });
      expect(placesOf()).toBeGreaterThan(1);
      continue;
    }
    await expect(first).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    const state = new SyncState(pair.statePath);
    expect(state.unlisted.length).toBeGreaterThan(0);
    state.close();
    pair.source.fault = undefined;
    const { equal, sourceObjects, destinationObjects } = await pair.sync({ ...options, restarts: false });
    expect([failing, equal, sourceObjects, destinationObjects]).toEqual([failing, 299, 300, 301]);
  }
});

test("flaw 9: a listing waits for the disk now and then, not with each page", async () => {
  fill(200);
  pair.source.pageLength = pair.destination.pageLength = 2;
  const transaction = vi.spyOn(SyncState.prototype, "transaction");
  expect(await pair.sync()).toMatchObject({ equal: 200 });
  expect(transaction.mock.calls.length).toBeLessThan(50);
  transaction.mockRestore();
});

test("flaw 2, trap 10: an empty source, and more deletions than allowed, delete nothing", async () => {
  fill(5);
  pair.source.buckets.set("b", new Map());
  await expect(pair.sync({ deletes: true })).rejects.toMatchObject({ code: "LIMIT" });
  pair.source.put("b", "k0", "content 0");
  await expect(pair.sync({ deletes: true, maxDeletedCount: 4 })).rejects.toMatchObject({ code: "LIMIT" });
  expect(Object.keys(pair.contentsOf(pair.destination)).length).toBe(6);
  expect(await pair.sync({ deletes: true, maxDeletedCount: 5 })).toMatchObject({ deleted: 5 });
  pair.source.buckets.set("b", new Map());
  expect(await pair.sync({ deletes: true, allowsEmptySource: true })).toMatchObject({ deleted: 1 });
});

test("flaw 3: a state is of its pair and, while work is left, of its rules", async () => {
  fill(3);
  const source = { bucket: pair.bucketOf(pair.source), prefix: "other/" };
  const destination = { bucket: pair.bucketOf(pair.destination), prefix: "" };
  pair.source.fault = (request, response) => isListing(request) && refuse(response, 403, "AccessDenied");
  await expect(pair.sync()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  pair.source.fault = undefined;
  const other = syncBuckets(source, destination, pair.statePath);
  await expect(other).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/other\/.*not of|not of.*other\//),
  });
  await expect(pair.sync({ compare: "size" })).rejects.toMatchObject({ code: "USAGE" });
  expect(await pair.sync({ compare: "size", restarts: true })).toMatchObject({ equal: 3, isResumed: false });
});

test("flaw 4, trap 12: failing attempts take their time: ten thousand take hours, and a hundred objects end a run", async () => {
  const waits = Array.from({ length: 12 }, (_, at) => backoffMs(at + 1, 500));
  for (const [at, ms] of waits.entries()) {
    const most = Math.min(requestLimits.retryPauseMs, 500 * 2 ** at);
    expect(ms).toBeGreaterThanOrEqual(most / 2);
    expect(ms).toBeLessThanOrEqual(most);
  }
  for (let i = 0; i < 150; i++) pair.source.put("b", `k${i}`, "x");
  pair.destination.fault = ({ method }, response) =>
    method === "PUT" && refuse(response, 500, "InternalError");
  await expect(pair.sync()).rejects.toMatchObject({
    code: "UPSTREAM",
    message: expect.stringContaining("in a row"),
  });
  expect(countOf(pair.destination, /^PUT/)).toBeLessThanOrEqual(150 * quick.attemptCount);
});

test("flaw 4: a time that a server names is waited for", async () => {
  let count = 0;
  const call = async (): Promise<Response> =>
    new Response(null, { status: ++count === 1 ? 503 : 200, headers: { "retry-after": "0" } });
  const pushed: number[] = [];
  const ask = asking({ fetch: call, retryMs: 3_600_000, onPushback: () => pushed.push(1) });
  const take = async ({ status }: Pick<Response, "status">): Promise<number> => {
    if (status !== 200) throw Object.assign(new Error("busy"), { name: "SyncError", code: "UPSTREAM" });
    return status;
  };
  expect(await ask(async () => ({ url: "http://host/", init: {} }), take)).toBe(200);
  expect(pushed.length).toBe(1);
});

test("flaw 5: an object that cannot be copied holds up none, is told, and is found again", async () => {
  for (let i = 0; i < 20; i++) pair.source.put("b", `k${i}`, `content ${i}`);
  pair.destination.fault = ({ key, method }, response) =>
    key === "k7" && method === "PUT" && refuse(response, 400, "InvalidRequest");
  const troubles: (string | undefined)[] = [];
  const options = {
    deletes: true,
    onTrouble: (error: { detail: { path?: string } }) => troubles.push(error.detail.path),
  };
  pair.destination.put("b", "old", "old");
  expect(await pair.sync(options)).toMatchObject({ copied: 19, failed: 1, deleted: 0 });
  expect(troubles).toEqual(["k7"]);
  pair.destination.fault = undefined;
  expect(await pair.sync(options)).toMatchObject({ copied: 1, failed: 0, deleted: 1 });
});

test("flaw 6, trap 11: an object in parts keeps its ETag, goes on after an end, and is not copied again", async () => {
  const partBytes = 5_242_880;
  // When a part comes behind so many as are under way at a time, the first of them are recorded.
  const partsInAll = partPlanLimits.partsAtOnce + 2;
  const bytes = Buffer.alloc((partsInAll - 1) * partBytes + 10, "abc");
  const parts = Array.from({ length: partsInAll }, (_, at) =>
    bytes.subarray(at * partBytes, (at + 1) * partBytes),
  );
  const etag = `${createHash("md5")
    .update(Buffer.concat(parts.map((part) => createHash("md5").update(part).digest())))
    .digest("hex")}-${partsInAll}`;
  pair.source.put("b", "long", bytes);
  pair.source.buckets
    .get("b")!
    .set("long", { bytes, etag, headers: {}, writtenMs: 0, partBytes: parts.map(({ length }) => length) });
  const stop = new AbortController();
  let partCount = 0;
  pair.destination.fault = ({ query, method }) => {
    if (method === "PUT" && query.has("partNumber") && ++partCount === partsInAll)
      stop.abort(new Error("stopped"));
    return false;
  };
  await expect(pair.sync({ signal: stop.signal })).rejects.toThrow("stopped");
  const before = countOf(pair.destination, /^PUT/);
  pair.destination.fault = undefined;
  expect(await pair.sync()).toMatchObject({ copied: 1, isResumed: true });
  expect(countOf(pair.destination, /^PUT/) - before).toBeLessThanOrEqual(partsInAll - 2);
  expect(countOf(pair.destination, /^POST b\/long\?uploads/)).toBe(1);
  expect(pair.destination.buckets.get("b")!.get("long")).toMatchObject({ etag });
  expect(pair.destination.buckets.get("b")!.get("long")!.bytes.equals(bytes)).toBe(true);
  expect(await pair.sync()).toMatchObject({ copied: 0, equal: 1 });
});

test("flaw 6, trap 11: ETags that cannot be equal do not have an object copied each night, with a state or without", async () => {
  const { bytes } = pair.source.put("b", "k", "content");
  // As of an object that is encrypted with a key of its own.
  const etag = "0".repeat(32);
  const headers = { "x-amz-server-side-encryption": "aws:kms", "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" };
  pair.source.buckets.get("b")!.set("k", { bytes, etag, headers, writtenMs: 0 });
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(await pair.sync()).toMatchObject({ copied: 0, equal: 1 });
  const long = { ...pair.source.buckets.get("b")!.get("k")!, etag: `${"1".repeat(32)}-2` };
  pair.source.buckets.get("b")!.set("k", long);
  pair.destination.buckets.get("b")!.set("k", { ...pair.destination.buckets.get("b")!.get("k")!, headers });
  expect(await pair.sync()).toMatchObject({ copied: 0, equal: 1 });
});

test("flaw 7: one server copies by itself, and no content comes through here", async () => {
  pair.source.buckets.set("other", new Map());
  for (let i = 0; i < 5; i++) pair.source.put("b", `k${i}`, `content ${i}`);
  const bucket = pair.bucketOf(pair.source);
  const other = s3Bucket(pair.source.url, "other", quick);
  const done = await syncBuckets({ bucket, prefix: "" }, { bucket: other, prefix: "at/" }, pair.statePath);
  expect(done).toMatchObject({ copied: 5 });
  expect([...pair.source.buckets.get("other")!.keys()].sort()).toEqual([
    "at/k0",
    "at/k1",
    "at/k2",
    "at/k3",
    "at/k4",
  ]);
  expect(countOf(pair.source, /^GET b\/k/)).toBe(0);
});

test("flaw 6, trap 11: an object of 5 GiB and a byte is copied by the server in parts, and not again", async () => {
  const saidBytes = 5 * 2 ** 30 + 1;
  const { bytes, etag } = pair.source.put("b", "huge", "");
  pair.source.buckets.get("b")!.set("huge", { bytes, etag, headers: {}, writtenMs: 0, saidBytes });
  pair.source.buckets.set("other", new Map());
  const sides = ["b", "other"].map((name) => ({
    bucket: s3Bucket(pair.source.url, name, quick),
    prefix: "",
  }));
  const sync = async () => syncBuckets(sides[0]!, sides[1]!, pair.statePath);
  expect(await sync()).toMatchObject({ copied: 1, copiedBytes: saidBytes });
  expect(countOf(pair.source, /^PUT other\/huge\?partNumber/)).toBe(9);
  expect(countOf(pair.source, /^GET b\/huge/)).toBe(0);
  expect(await sync()).toMatchObject({ copied: 0, equal: 1 });
});

test("flaw 7: content that comes through here is in memory by parts, and on no disk", async () => {
  const partBytes = 8_388_608;
  pair.source.putInParts("b", "long", Buffer.alloc(3 * partBytes, "long"), partBytes);
  const ranges: unknown[] = [];
  pair.source.fault = ({ method, key, headers }) => {
    if (method === "GET" && key === "long") ranges.push(headers.range);
    return false;
  };
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(ranges.sort()).toEqual(
    [0, 1, 2].map((at) => `bytes=${at * partBytes}-${(at + 1) * partBytes - 1}`).sort(),
  );
  const onDisk = readdirSync(pair.folder).map((name) => statSync(join(pair.folder, name)).size);
  expect(onDisk.reduce((sum, bytes) => sum + bytes)).toBeLessThan(1_000_000);
});

test("flaw 7: what the server will not copy by itself comes through here, which is told", async () => {
  pair.source.buckets.set("other", new Map());
  pair.source.put("b", "k", "content");
  pair.source.fault = ({ headers }, response) =>
    headers["x-amz-copy-source"] !== undefined && refuse(response, 501, "NotImplemented");
  const sides = ["b", "other"].map((name) => ({
    bucket: s3Bucket(pair.source.url, name, quick),
    prefix: "",
  }));
  const notices: string[] = [];
  const onNotice = (text: string): void => void notices.push(text);
  expect(await syncBuckets(sides[0]!, sides[1]!, pair.statePath, { onNotice })).toMatchObject({ copied: 1 });
  expect(notices).toEqual([expect.stringContaining("does not copy k itself")]);
});

test("flaw 8: a slow object lets all others pass", async () => {
  for (let i = 0; i < 50; i++) pair.source.put("b", `k${String(i).padStart(2, "0")}`, "x");
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  pair.source.fault = async ({ key, method }) => {
    if (key === "k00" && method === "GET") await held;
    return false;
  };
  const done = pair.sync({ slots: new Slots(2), onChange: ({ key }) => key === "k49" && release() });
  expect(await done).toMatchObject({ copied: 50 });
});

test("flaw 9: a thousand objects are deleted by one request", async () => {
  pair.source.put("b", "k", "x");
  for (let i = 0; i < 1500; i++) pair.destination.put("b", `old${i}`, "");
  expect(await pair.sync({ deletes: true, maxDeletedCount: 2000 })).toMatchObject({ deleted: 1500 });
  expect(countOf(pair.destination, /^POST b\/\?delete/)).toBe(2);
});

test("flaw 10: metadata and prefixes are kept, and what a rule leaves out is left alone", async () => {
  const headers = { "content-type": "text/x", "cache-control": "max-age=1", "x-amz-meta-a": "b" };
  pair.source.put("b", "from/a", "1", headers);
  pair.source.put("b", "from/skip", "1");
  pair.source.put("b", "from2/a", "1");
  pair.destination.put("b", "to/skip2", "1");
  pair.destination.put("b", "to2/a", "1");
  const options = { deletes: true, isLeftOut: (key: string) => key.startsWith("skip") };
  await syncBuckets(
    { bucket: pair.bucketOf(pair.source), prefix: "from/" },
    { bucket: pair.bucketOf(pair.destination), prefix: "to/" },
    pair.statePath,
    options,
  );
  expect(Object.keys(pair.contentsOf(pair.destination)).sort()).toEqual(["to/a", "to/skip2", "to2/a"]);
  expect(pair.destination.buckets.get("b")!.get("to/a")!.headers).toEqual(headers);
});

test("flaw 10: tags are kept, however an object is copied, and left out with the other metadata", async () => {
  const tags = "a%20b=c%26d&e=";
  const long = Buffer.alloc(17_000_000, "long");
  pair.source.put("b", "k", "1", { "x-amz-tagging": tags });
  pair.source.put("b", "long", long, { "x-amz-tagging": tags });
  const composite = { ...pair.source.put("b", "parts", "1234567890", { "x-amz-tagging": tags }) };
  pair.source.buckets.get("b")!.set("parts", { ...composite, etag: `${"1".repeat(32)}-1`, partBytes: [10] });
  const tagsAt = (stub: S3Stub, name: string, prefix = "") =>
    ["k", "long", "parts"].map((key) => {
      const header = stub.buckets.get(name)!.get(prefix + key)!.headers["x-amz-tagging"];
      return header && `${new URLSearchParams(header)}`;
    });
  const said = [1, 2, 3].map(() => `${new URLSearchParams(tags)}`);
  expect(await pair.sync()).toMatchObject({ copied: 3 });
  expect(tagsAt(pair.destination, "b")).toEqual(said);
  pair.source.buckets.set("other", new Map());
  const source = { bucket: pair.bucketOf(pair.source), prefix: "" };
  const other = s3Bucket(pair.source.url, "other", quick);
  for (const keepsMetadata of [true, false]) {
    const to = { bucket: other, prefix: `${keepsMetadata}/` };
    await syncBuckets(source, to, join(pair.folder, `${keepsMetadata}`), { keepsMetadata });
    expect(tagsAt(pair.source, "other", to.prefix)).toEqual(
      keepsMetadata ? said : [1, 2, 3].map(() => undefined),
    );
  }
});

test("flaw 11: a purge takes what was replaced or deleted before a time, and nothing that is read now", async () => {
  const stub = pair.destination;
  const first = stub.put("b", "p/kept", "1").writtenMs;
  stub.put("b", "p/kept", "2");
  stub.put("b", "p/gone", "1");
  const side = { bucket: pair.bucketOf(stub), prefix: "p/" };
  await side.bucket.deleteMany(["p/gone"]);
  stub.pageLength = 2;
  expect(await purgeVersions(side, first + 500)).toBe(0);
  expect(await purgeVersions(side, first + 1_000_000, { isDry: true })).toBe(3);
  expect(stub.versions.length).toBe(4);
  expect(await purgeVersions(side, first + 1_000_000)).toBe(3);
  expect(stub.versions.map(({ key, object }) => [key, object?.bytes.toString()])).toEqual([["p/kept", "2"]]);
});

test("flaw 12, trap 11: what vanishes before or while it is read is counted, and so is what is gone when it is deleted", async () => {
  for (const key of ["a", "b", "c"]) pair.source.put("b", key, key);
  pair.destination.put("b", "old", "old");
  pair.source.fault = ({ key, method }) => {
    if (key === "b" && method === "GET") pair.source.buckets.get("b")!.delete("b");
    return false;
  };
  pair.destination.fault = ({ query }, response) => {
    if (!query.has("delete")) return false;
    response.end("<DeleteResult><Error><Key>old</Key><Code>NoSuchKey</Code></Error></DeleteResult>");
    return true;
  };
  expect(await pair.sync({ deletes: true })).toMatchObject({ copied: 2, vanished: 1, failed: 0, deleted: 1 });
});

test("flaw 14: one run at a time has a state, and another is told whose it is", async () => {
  const state = new SyncState(pair.statePath);
  await expect(pair.sync()).rejects.toMatchObject({
    code: "LOCKED",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  state.close();
  // As a process leaves it that was killed.
  const dead = {
    pid: 2 ** 22 + 1,
    host: (await import("node:os")).hostname(),
    started: "1",
    since: new Date().toISOString(),
  };
  writeFileSync(`${pair.statePath}.owner`, JSON.stringify(dead));
  mkdirSync(`${pair.statePath}.lock`);
  expect(await pair.sync()).toMatchObject({ copied: 0 });
  expect(existsSync(`${pair.statePath}.owner`)).toBe(false);
});

test("a file that is no state, or one of a newer version, stays as it is", async () => {
  writeFileSync(pair.statePath, "something else ".repeat(100));
  await expect(pair.sync()).rejects.toMatchObject({ code: "STATE" });
  expect(readFileSync(pair.statePath, "utf8")).toBe("something else ".repeat(100));
  rmSync(pair.statePath);
  await pair.sync();
  const bytes = readFileSync(pair.statePath);
  // The version of the user is in bytes 60 to 63 of the header.
  bytes.writeUInt32BE(99, 60);
  writeFileSync(pair.statePath, bytes);
  await expect(pair.sync()).rejects.toMatchObject({
    code: "STATE",
    message: expect.stringContaining("newer"),
  });
  expect(readFileSync(pair.statePath).equals(bytes)).toBe(true);
});

test("counts of the last hundred runs are kept", async () => {
  pair.source.put("b", "k", "1");
  await pair.sync();
  pair.source.put("b", "k", "23");
  await pair.sync();
  const state = new SyncState(pair.statePath);
  expect(state.pastRuns().map(({ counts }) => counts.copiedBytes)).toEqual([1, 2]);
  for (let at = 0; at < 120; at++) state.finish();
  expect(state.pastRuns().length).toBe(100);
  state.close();
});

test("what somebody else wrote meanwhile is not lost", async () => {
  pair.source.put("b", "k", "ours");
  pair.destination.fault = ({ method, key }) => {
    if (method === "PUT" && key === "k") pair.destination.put("b", "k", "theirs");
    return false;
  };
  expect(await pair.sync()).toMatchObject({ copied: 0, failed: 1 });
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "theirs" });
});

test("a run that is killed when it has replaced an object loses no backup of it", async () => {
  pair.source.put("b", "k", "new");
  pair.destination.put("b", "k", "old");
  const stop = new AbortController();
  pair.destination.fault = ({ method, key }) => {
    if (method !== "PUT" || key !== "k") return false;
    pair.destination.put("b", "k", "new");
    stop.abort(new Error("killed"));
    return true;
  };
  const options = { backupPrefix: "old/", deletes: true };
  await expect(pair.sync({ ...options, signal: stop.signal })).rejects.toThrow("killed");
  pair.destination.fault = undefined;
  // What is spared is decided by the listing: another prefix would delete these backups.
  await expect(pair.sync({ ...options, backupPrefix: "older/" })).rejects.toMatchObject({ code: "USAGE" });
  expect(await pair.sync(options)).toMatchObject({ failed: 0, deleted: 0, isResumed: true });
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "new", "old/k": "old" });
});

test("a run that is gone on with deletes nothing that came or changed since the listing", async () => {
  const folder = join(pair.folder, "tree");
  mkdirSync(folder);
  for (const name of ["changed", "come", "old"]) writeFileSync(join(folder, name), "old");
  pair.source.put("b", "k", "k");
  const sides = [
    { bucket: pair.bucketOf(pair.source), prefix: "" },
    { bucket: dirBucket(folder), prefix: "" },
  ] as const;
  const stop = new AbortController();
  pair.source.fault = ({ method, key }) => {
    if (method !== "GET" || key !== "k") return false;
    stop.abort(new Error("killed"));
    return true;
  };
  const options = { deletes: true };
  await expect(syncBuckets(...sides, pair.statePath, { ...options, signal: stop.signal })).rejects.toThrow(
    "killed",
  );
  pair.source.fault = undefined;
  pair.source.put("b", "come", "new");
  writeFileSync(join(folder, "changed"), "somebody's");
  expect(await syncBuckets(...sides, pair.statePath, options)).toMatchObject({ isResumed: true, deleted: 1 });
  expect(readFileSync(join(folder, "changed"), "utf8")).toBe("somebody's");
  expect(["come", "old"].map((name) => existsSync(join(folder, name)))).toEqual([true, false]);
});

test("a state keeps keys whole, and in their order, whatever is in them", () => {
  const state = new SyncState(pair.statePath);
  const keys = ["a", "a\0", "a\0\u0001b", "a\u0001", "a\u0001\u0001", "a\u0001\u0002", "a\u0002"];
  for (const key of keys)
    state.addTask({ key, action: "delete", sizeBytes: 0, etag: undefined, mark: "m", replaces: null });
  expect(state.tasks("deletions", undefined, 100).map(({ key }) => key)).toEqual(keys);
  state.removeTask("a\0");
  expect(state.tasks("deletions", "a", 1)).toMatchObject([{ key: "a\0\u0001b" }]);
  state.close();
});

test("a directory is a side as any other, and both ways come back to the same", async () => {
  const folder = join(pair.folder, "tree");
  mkdirSync(join(folder, "a.d"), { recursive: true });
  for (const [name, content] of [
    ["a.d/x", "1"],
    ["a", "2"],
    ["b", ""],
  ] as const)
    writeFileSync(join(folder, name), content);
  const dir = { bucket: dirBucket(folder), prefix: "" };
  const there = { bucket: pair.bucketOf(pair.destination), prefix: "t/" };
  const states = [join(pair.folder, "s1"), join(pair.folder, "s2")] as const;
  expect(await syncBuckets(dir, there, states[0])).toMatchObject({ copied: 3 });
  expect(await syncBuckets(dir, there, states[0])).toMatchObject({ copied: 0, equal: 3 });
  expect(await syncBuckets(dir, there, states[1])).toMatchObject({ copied: 0, equal: 3 });
  const back = { bucket: dirBucket(join(pair.folder, "back")), prefix: "" };
  await back.bucket.create();
  pair.destination.put("b", "t/x//y", "no file can have this key");
  expect(await syncBuckets(there, back, join(pair.folder, "s3"))).toMatchObject({ copied: 3, failed: 1 });
  expect(readFileSync(join(pair.folder, "back", "a.d", "x"), "utf8")).toBe("1");
  pair.destination.buckets.get("b")!.delete("t/a.d/x");
  pair.destination.buckets.get("b")!.delete("t/x//y");
  expect(await syncBuckets(there, back, join(pair.folder, "s3"), { deletes: true })).toMatchObject({
    deleted: 1,
  });
  expect(existsSync(join(pair.folder, "back", "a.d"))).toBe(false);
});
