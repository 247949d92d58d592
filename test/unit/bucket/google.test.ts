import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { bucketRegister, checkTerms } from "../../../src/bucket/bucket-register.ts";
import { AccessTokens, fetchWithToken } from "../../../src/bucket/google/access-tokens.node.ts";
import { factsOf } from "../../../src/bucket/google/json-facts.ts";
import type { Call } from "../../../src/bucket/answer.ts";
import { googleBucket } from "../../../src/bucket/google/json-bucket.node.ts";
import { parseServiceAccount } from "../../../src/bucket/google/key-file.node.ts";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";
import { purgeVersions } from "../../../src/bucket/sync/purge-versions.ts";
import { syncBuckets } from "../../../src/bucket/sync/sync-buckets.node.ts";
import { type GoogleStub, startGoogleStub } from "../../google-stub.ts";
import { collect } from "../casync/vectors.ts";

/** Google's JSON interface, as a service account uses it. */

let stub: GoogleStub;
let folder: string;
beforeEach(async () => {
  stub = await startGoogleStub("b", "other");
  folder = mkdtempSync(join(tmpdir(), "rsync-stream-google-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stub.stop();
});

const quick = { attemptCount: 3, retryMs: 1, fetch: nodeFetch() };
const open = (name = "b") =>
  googleBucket(name, parseServiceAccount(stub.keyFile), { ...quick, endpoint: stub.url });
const side = (name: string, prefix = "") => ({ bucket: open(name), prefix });
const bytesOf = (text: string): Buffer => Buffer.from(text);
const tokenRequests = () => stub.requests.filter((line) => line.startsWith("POST /token")).length;

test("an assertion that the account's key signed gets one token for many requests at once", async () => {
  const bucket = open();
  const marks = await Promise.all(["a", "b", "c"].map(async (key) => bucket.write(key, bytesOf(key))));
  expect(new Set(marks).size).toBe(3);
  expect(tokenRequests()).toBe(1);
});

test("a refusal has the words of the server", async () => {
  const error = { code: 403, message: 'a@b lacks "x"', errors: [{ reason: "forbidden", message: "no" }] };
  const headers = { "x-guploader-uploadid": "U1" };
  const denying: Call = async (url, init) =>
    url.includes("/token") ? quick.fetch(url, init) : Response.json({ error }, { status: 403, headers });
  const account = parseServiceAccount(stub.keyFile);
  const bucket = googleBucket("b", account, { ...quick, fetch: denying, endpoint: stub.url });
  const detail = { status: 403, reason: "forbidden", requestId: "U1" };
  const message = 'the server answers 403: forbidden: a@b lacks "x" (request U1)';
  const of = { ...detail, bucket: `${stub.url}/storage/v1/b/b` };
  const denial = { code: "UNAUTHORIZED", message };
  await expect(collect(bucket.list(""))).rejects.toMatchObject({
    ...denial,
    detail: { ...detail, path: of.bucket },
  });
  for (const act of [
    async () => bucket.head("k"),
    async () => bucket.write("k", bytesOf("k")),
    async () => bucket.copy({ bucket, key: "a" }, "k"),
    async () => bucket.delete("k"),
  ])
    await expect(act()).rejects.toMatchObject({ ...denial, detail: of });
  const failed = await bucket.deleteMany(["k"]);
  expect(failed).toMatchObject([{ key: "k", error: { ...denial, detail: of } }]);
});

test("a token that is no longer accepted is replaced, and a fresh one that is refused is told", async () => {
  const bucket = open();
  await bucket.write("k", bytesOf("1"));
  stub.tokens.clear();
  await expect(bucket.head("k")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(tokenRequests()).toBe(1);
  onTestFinished(() => void vi.restoreAllMocks());
  const later = performance.now() + 60_000;
  vi.spyOn(performance, "now").mockReturnValue(later);
  expect(await bucket.head("k")).toMatchObject({ sizeBytes: 1 });
  expect(tokenRequests()).toBe(2);
  vi.spyOn(performance, "now").mockReturnValue(later + 3_600_000);
  await bucket.head("k");
  expect(tokenRequests()).toBe(3);
});

test("an assertion of another key, and files of keys that are none, are told as such", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const wrong = JSON.stringify({ ...JSON.parse(stub.keyFile), private_key: pem });
  const bucket = googleBucket("b", parseServiceAccount(wrong), { ...quick, endpoint: stub.url });
  await expect(bucket.head("k")).rejects.toMatchObject({
    code: "UNAUTHORIZED",
    message: expect.stringContaining("invalid_grant"),
  });
  const known = JSON.parse(stub.keyFile) as Record<string, string>;
  for (const text of [
    "",
    "[]",
    "null",
    JSON.stringify({ ...known, type: "authorized_user" }),
    JSON.stringify({ ...known, private_key: "none" }),
    JSON.stringify({ ...known, token_uri: "http://elsewhere.example/token" }),
    JSON.stringify({ ...known, client_email: 7 }),
  ])
    expect(() => parseServiceAccount(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("who waits for a token can stop waiting", async () => {
  stub.fault = (line) => line.startsWith("POST /token");
  const stop = new AbortController();
  const tokens = new AccessTokens(parseServiceAccount(stub.keyFile), quick);
  const asked = fetchWithToken(quick.fetch, tokens)(stub.url, { signal: stop.signal });
  stop.abort(new Error("stopped"));
  await expect(asked).rejects.toThrow("stopped");
});

test("an object has what it was written with, and is written on terms", async () => {
  const bucket = open();
  const metadata = { headers: { "content-type": "text/x", "cache-control": "max-age=7" }, user: { a: "ä" } };
  const mark = await bucket.write("a/b c+ä%41", bytesOf("0123456789"), { metadata, replaces: null });
  const facts = await bucket.head("a/b c+ä%41");
  expect(facts).toMatchObject({ sizeBytes: 10, mark, metadata, etag: "781e5e245d69b566979b86e28d23f2c7" });
  await expect(bucket.write("a/b c+ä%41", bytesOf("x"), { replaces: null })).rejects.toMatchObject({
    code: "CHANGED",
  });
  const range = { offset: 3, length: 4 };
  expect(Buffer.from((await bucket.read("a/b c+ä%41", { range, ifMark: mark }))!.bytes).toString()).toBe(
    "3456",
  );
  await bucket.write("a/b c+ä%41", bytesOf("other"), { replaces: mark });
  await expect(bucket.read("a/b c+ä%41", { range, ifMark: mark })).rejects.toMatchObject({ code: "CHANGED" });
  await bucket.write("empty", bytesOf(""));
  expect((await bucket.read("empty"))!.bytes.length).toBe(0);
  expect(await bucket.read("none")).toBeUndefined();
  await expect(bucket.get("a/b c+ä%41", 3)).rejects.toMatchObject({ code: "LIMIT" });
  await expect(bucket.head("..")).rejects.toMatchObject({ code: "PATH" });
  await expect(open("no-bucket").head("k")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await checkTerms(bucket, "terms");
  expect(await bucketRegister(bucket, "record").replace("text", null)).toBe(true);
});

test("a listing goes on to its last page, from behind a key, and one that is none is told", async () => {
  const bucket = open();
  for (let i = 0; i < 7; i++) await bucket.write(`p/${i}`, bytesOf("x"));
  stub.pageLength = 2;
  const keysOf = async (range: object) =>
    (await collect(bucket.pages({ prefix: "p/", ...range }))).flat().map(({ key }) => key);
  expect(await keysOf({})).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => `p/${i}`));
  expect(await keysOf({ after: "p/3", upTo: "p/5", pageLength: 1 })).toEqual(["p/4", "p/5"]);
  for (const answer of ["", "{", '{"items":{}}', '{"items":[{}]}', '{"items":[],"nextPageToken":"x"}']) {
    stub.fault = (line, response) => line.startsWith("GET /storage") && response.end(answer) !== undefined;
    await expect(collect(bucket.pages({ prefix: "" }))).rejects.toMatchObject({ code: "UPSTREAM" });
  }
});

test("buckets are synchronised, by the server and through here, in parts and whole, and not twice", async () => {
  const long = Buffer.alloc(17_000_000, "long");
  const bucket = open();
  await bucket.write("k", bytesOf("1"), {
    metadata: { headers: { "content-type": "text/x" }, user: { a: "b" } },
  });
  await bucket.write("long", long);
  await open("other").write("to/old", bytesOf("old"));
  stub.copiedAtOnce = 10_000_000;
  const far = { bucket: { ...open("other"), copiesFrom: () => false }, prefix: "far/" };
  for (const to of [side("other", "to/"), far]) {
    const state = join(folder, to.prefix.slice(0, -1));
    expect(await syncBuckets(side("b"), to, state, { deletes: true })).toMatchObject({
      copied: 2,
      failed: 0,
    });
    expect(await syncBuckets(side("b"), to, state, { deletes: true })).toMatchObject({ copied: 0, equal: 2 });
    expect(await to.bucket.head(`${to.prefix}k`)).toMatchObject({
      metadata: { headers: { "content-type": "text/x" }, user: { a: "b" } },
    });
    expect(stub.latest("other", `${to.prefix}long`)!.bytes.equals(long)).toBe(true);
  }
  expect(stub.latest("other", "to/old")).toBeUndefined();
  expect(stub.requests.filter((line) => line.includes("rewriteTo")).length).toBe(3);
  expect(stub.requests.filter((line) => line.includes("partNumber")).length).toBe(3);
});

test("a copy that does not go on, and one of what was changed, fail", async () => {
  const bucket = open();
  await bucket.write("k", bytesOf("0123456789"));
  stub.copiedAtOnce = 0;
  await expect(bucket.copy({ bucket, key: "k" }, "to")).rejects.toMatchObject({ code: "UPSTREAM" });
  stub.copiedAtOnce = Infinity;
  await expect(bucket.copy({ bucket, key: "k", mark: "1" }, "to")).rejects.toMatchObject({ code: "CHANGED" });
  expect(await bucket.copy({ bucket, key: "none" }, "to")).toBeUndefined();
  await bucket.copy({ bucket, key: "k" }, "to", { storageClass: "COLDLINE" });
  expect(stub.latest("b", "to")!.fields).toMatchObject({ storageClass: "COLDLINE" });
});

test("flaw 11: versions that went before a time are purged, at Google as at S3", async () => {
  const bucket = open();
  await bucket.write("p/kept", bytesOf("1"));
  await bucket.write("p/kept", bytesOf("2"));
  await bucket.write("p/gone", bytesOf("1"));
  // What was written long ago may have gone just now.
  stub.timeMs += 60_000;
  await bucket.deleteMany(["p/gone", "p/never"]);
  expect(await bucket.versions!.isOn()).toBe(true);
  expect(await purgeVersions(side("b", "p/"), stub.timeMs - 1500)).toBe(1);
  expect(await purgeVersions(side("b", "p/"), stub.timeMs + 1, { isDry: true })).toBe(1);
  expect(await purgeVersions(side("b", "p/"), stub.timeMs + 1)).toBe(1);
  expect([...stub.buckets.get("b")!.values()].flat().map(({ bytes }) => bytes.toString())).toEqual(["2"]);
});

test("a bucket is made, and is there then", async () => {
  const bucket = open("new");
  expect(await bucket.exists()).toBe(false);
  await bucket.create({ location: "EU", storageClass: "NEARLINE" });
  expect(await bucket.exists()).toBe(true);
  expect(stub.requests).toContain("POST /storage/v1/b?project");
  expect(await bucket.timeMs()).toBe(stub.timeMs);
});

test.each([
  { size: "many" },
  { size: "-1" },
  { size: "1e9" },
  { size: "9999999999999999" },
  { size: 7 },
  { timeCreated: "yesterday" },
  { generation: undefined },
])("facts of an object that make no sense are told, not used: %o", (wrong) => {
  const right = { name: "k", size: "7", timeCreated: "2026-01-01T00:00:00Z", generation: "1" };
  expect(factsOf(right)).toMatchObject({ sizeBytes: 7, writtenMs: Date.UTC(2026, 0, 1) });
  expect(() => factsOf({ ...right, ...wrong })).toThrow(expect.objectContaining({ code: "UPSTREAM" }));
});

test("a server that tells no time, and what it refuses a look at a bucket for, are told in its words", async () => {
  const bucket = open();
  await bucket.write("k", bytesOf("1"));
  stub.fault = (_, response) => {
    response.sendDate = false;
    response.removeHeader("date");
    return response.end("{}") !== undefined;
  };
  await expect(bucket.timeMs()).rejects.toMatchObject({
    code: "UPSTREAM",
    message: "the server does not tell the time",
  });
  stub.fault = (_, response) =>
    response.writeHead(403).end('{"error":{"message":"no storage.buckets.get"}}') !== undefined;
  await expect(bucket.exists()).rejects.toMatchObject({
    code: "UNAUTHORIZED",
    message: expect.stringContaining("no storage.buckets.get"),
  });
});
