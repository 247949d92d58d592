import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { purgeVersions } from "../../../../src/bucket/sync/purge-versions.ts";
import type { SyncError } from "../../../../src/errors.ts";
import type { Fault, S3Stub, StubRequest } from "../../../s3-stub.ts";
import { countOf, quick, usePair } from "./pairs.ts";

/**
 * A server answers what no server should. Whatever it is, the run ends and says what is wrong; the
 * destination has what it had, or what the source has, and nothing else.
 */

const pair = usePair();

/** An object that was written in one part, and is read by its range. */
function putInParts(): void {
  const object = pair.source.put("b", "k", "content-");
  const inParts = { ...object, etag: `${"0".repeat(32)}-1`, partBytes: [object.bytes.length] };
  pair.source.buckets.get("b")!.set("k", inParts);
}

/** Answers one kind of request in the place of the stub. */
function answer(
  stub: S3Stub,
  isMeant: (request: StubRequest) => boolean,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer = "",
): void {
  const fault: Fault = (request, response) => {
    if (isMeant(request)) response.writeHead(status, headers).end(body);
    return isMeant(request);
  };
  stub.fault = fault;
}

const isRead = ({ method, key }: StubRequest): boolean => method === "GET" && key === "k";
const isHead = ({ method, key }: StubRequest): boolean => method === "HEAD" && key === "k";

/** Synchronises, and returns what failed. */
async function failuresOf(deletes = false): Promise<readonly string[]> {
  const codes: string[] = [];
  await pair.sync({ deletes, onTrouble: ({ code }: SyncError) => codes.push(code) });
  return codes;
}

const contents = (inside: string): string => `<Contents>${inside}</Contents>`;
const rest = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>";
const page = (inside: string): string => `<ListBucketResult>${inside}</ListBucketResult>`;

test.each([
  [
    "names that are no UTF-8",
    Buffer.from(page(contents(`<Key>caf\u00e9</Key><Size>1</Size>${rest}`)), "latin1"),
  ],
  ["UTF-16", Buffer.from(`\ufeff${page(contents(`<Key>k</Key><Size>1</Size>${rest}`))}`, "utf16le")],
  ["gzip that was not asked for", gzipSync(Buffer.alloc(1_000_000, page("")))],
  ["an object with attributes", page(`<Contents kind="x"><Key>k</Key><Size>1</Size>${rest}</Contents>`)],
  ["an object without an end", page(`<Contents><Key>k</Key><Size>1</Size>${rest}`)],
  ["no length of an object", page(contents(`<Key>k</Key><Size></Size>${rest}`))],
  ["neither that it is over nor that it is not", page("<IsTruncated> true </IsTruncated>")],
])("a listing that has %s ends the run, and nothing is deleted", async (_, body) => {
  pair.destination.put("b", "old", "old");
  pair.source.put("b", "k", "k");
  answer(pair.source, ({ query }) => query.has("list-type"), 200, {}, body);
  await expect(pair.sync({ deletes: true, allowsEmptySource: true })).rejects.toMatchObject({
    code: "UPSTREAM",
  });
  expect(pair.contentsOf(pair.destination)).toEqual({ old: "old" });
});

test("a listing that goes back to an earlier page ends the run, and nothing is deleted", async () => {
  for (const key of ["a", "b", "c", "d", "e", "f"]) pair.source.put("b", key, key);
  pair.destination.put("b", "old", "old");
  pair.source.pageLength = 2;
  pair.source.rewrite = (xml) => xml.replace("<NextContinuationToken>d", "<NextContinuationToken>a");
  await expect(pair.sync({ deletes: true })).rejects.toMatchObject({ code: "UPSTREAM" });
  expect(pair.contentsOf(pair.destination)).toHaveProperty("old");
});

test.each([
  ["goes round in a circle", (at: number) => ["a", `v${at % 3}`] as const],
  ["goes back", (at: number) => [`${"ba"[at % 2]}`, `v${at}`] as const],
])("a listing of versions that %s ends, and so does the purge", async (_, itemAt) => {
  let count = 0;
  pair.source.fault = ({ query }, response) => {
    if (!query.has("versions")) return false;
    const [key, id] = itemAt(count++);
    const next = `<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>${count}</NextVersionIdMarker>`;
    const item = `<Version><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>true</IsLatest>${rest}</Version>`;
    response.end(
      `<ListVersionsResult>${item}<IsTruncated>${count < 50}</IsTruncated>${next}</ListVersionsResult>`,
    );
    return true;
  };
  const side = { bucket: pair.bucketOf(pair.source), prefix: "" };
  await expect(purgeVersions(side, Date.now())).rejects.toMatchObject({ code: "UPSTREAM" });
  expect(count).toBeLessThan(10);
});

test.each<[string, number, Record<string, string>, number]>([
  ["another range", 206, { "content-range": "bytes 1-8/9" }, 8],
  ["a range of which nothing is said", 206, {}, 8],
  ["less than it says", 206, { "content-range": "bytes 0-7/8" }, 4],
  ["less than there is", 206, { "content-range": "bytes 0-3/8" }, 4],
  ["everything", 200, {}, 8],
])("who is asked for a range and answers %s has nothing copied", async (_, status, headers, bytes) => {
  putInParts();
  pair.destination.put("b", "k", "old");
  const etag = `"${"0".repeat(32)}-1"`;
  answer(pair.source, isRead, status, { etag, ...headers }, "wrong---".slice(0, bytes));
  const [code, ...more] = await failuresOf();
  expect(code).toMatch(/^(?:UPSTREAM|TRUNCATED|IO)$/);
  expect(more).toEqual([]);
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "old" });
});

test("a range that is answered by everything is asked for again", async () => {
  putInParts();
  let count = 0;
  pair.source.fault = (request, response) => {
    const isFirst = isRead(request) && ++count === 1;
    if (isFirst) response.writeHead(200, { etag: `"${"0".repeat(32)}-1"` }).end("content-");
    return isFirst;
  };
  expect(await failuresOf()).toEqual([]);
  expect(count).toBe(2);
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "content-" });
});

test("content that is shorter than what has its ETag is not copied, whatever the ETag is of", async () => {
  const { etag } = pair.source.put("b", "k", "content");
  const own = { ...pair.source.buckets.get("b")!.get("k")!, etag: `kms-${etag}` };
  pair.source.buckets.get("b")!.set("k", own);
  answer(pair.source, isRead, 200, { etag: `"${own.etag}"` }, "cont");
  expect(await failuresOf()).toEqual(["CORRUPT"]);
  expect(pair.contentsOf(pair.destination)).toEqual({});
});

test("a length that is not told is none", async () => {
  putInParts();
  answer(pair.source, isHead, 200, { "transfer-encoding": "chunked" });
  expect(await failuresOf()).toEqual(["UPSTREAM"]);
  expect(pair.contentsOf(pair.destination)).toEqual({});
});

test.each([
  ["an error", "<Error><Code>InternalError</Code></Error>"],
  ["nothing", ""],
  ["an ETag of other parts", `<X><ETag>"${"0".repeat(32)}-2"</ETag></X>`],
])("an upload that is completed with %s fails, and the next run has it all", async (_, body) => {
  putInParts();
  answer(pair.destination, ({ method, query }) => method === "POST" && query.has("uploadId"), 200, {}, body);
  expect((await failuresOf())[0]).toMatch(/^(?:UPSTREAM|CORRUPT)$/);
  pair.destination.fault = undefined;
  expect(await failuresOf()).toEqual([]);
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "content-" });
});

test.each([
  ["that is an error", "<Error><Code>InternalError</Code></Error>"],
  ["that is a page for people", "<html>welcome</html>"],
  [
    "that names what was not asked for",
    "<DeleteResult><Error><Key>x</Key><Code>No</Code></Error></DeleteResult>",
  ],
])("an answer to deletions %s is not taken for done, and the next run deletes", async (_, body) => {
  for (const stub of [pair.source, pair.destination]) stub.put("b", "k", "k");
  pair.destination.put("b", "old", "old");
  answer(pair.destination, ({ query }) => query.has("delete"), 200, {}, body);
  await expect(pair.sync({ deletes: true })).rejects.toMatchObject({ code: "UPSTREAM" });
  pair.destination.fault = undefined;
  expect(await pair.sync({ deletes: true })).toMatchObject({ deleted: 1, isResumed: true });
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "k" });
});

test("tags that are not told are not taken for none", async () => {
  pair.source.put("b", "k", "k", { "x-amz-tagging": "a=b" });
  answer(pair.source, ({ query }) => query.has("tagging"), 200, {}, "<html>welcome</html>");
  expect(await failuresOf()).toEqual(["UPSTREAM"]);
  expect(pair.contentsOf(pair.destination)).toEqual({});
});

test("a refusal with a long page for people is judged by its status, and asked again", async () => {
  pair.source.put("b", "k", "k");
  let left = 2;
  pair.source.fault = (request, response) => {
    if (!request.query.has("list-type") || left-- <= 0) return false;
    response.writeHead(503).end("<p>".repeat(100_000));
    return true;
  };
  expect(await failuresOf()).toEqual([]);
  expect(pair.contentsOf(pair.destination)).toEqual({ k: "k" });
});

test("a redirect is not followed, wherever it leads", async () => {
  pair.source.put("b", "k", "k");
  answer(pair.source, isRead, 307, { location: `${pair.destination.url}/b/stolen` });
  expect(await failuresOf()).toEqual(["IO"]);
  expect(countOf(pair.destination, /stolen/)).toBe(0);
  expect(quick.attemptCount).toBeGreaterThan(1);
  expect(countOf(pair.source, /^GET b\/k/)).toBe(1);
});
