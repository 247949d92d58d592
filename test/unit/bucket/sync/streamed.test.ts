import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import type { Fault, S3Stub, StubRequest } from "../../../s3-stub.ts";
import { Slots } from "../../../../src/bucket/sync/slots.ts";
import { countOf, usePair } from "./pairs.ts";

/** Objects that are sent while they come, and what is done when that does not go well. */

const pair = usePair();
const content = Buffer.alloc(3_000_000, "streamed");

const isRead = ({ method, key }: StubRequest): boolean => method === "GET" && key !== "";
const isWritten = ({ method, key }: StubRequest): boolean => method === "PUT" && key !== "";

/** Has the first request of a kind answered by something else, and says how many there were. */
function answerFirst(
  stub: S3Stub,
  isMeant: (request: StubRequest) => boolean,
  answer: (response: ServerResponse, request: StubRequest) => void,
): { readonly seen: StubRequest[] } {
  const seen: StubRequest[] = [];
  const fault: Fault = (request, response) => {
    if (!isMeant(request)) return false;
    const isFirst = seen.push(request) === 1;
    if (isFirst) answer(response, request);
    return isFirst;
  };
  stub.fault = fault;
  return { seen };
}

/** Notes requests of a kind, and leaves them to the stub. */
function noteAll(stub: S3Stub, isMeant: (request: StubRequest) => boolean): readonly StubRequest[] {
  const seen: StubRequest[] = [];
  stub.fault = (request) => {
    if (isMeant(request)) seen.push(request);
    return false;
  };
  return seen;
}

/** An answer with other bytes than the object has, of which so many come. */
function sendWrong(
  etag: string,
  bytes: Buffer,
  sentBytes = bytes.length,
): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { "content-length": bytes.length, etag: `"${etag}"` });
    if (sentBytes === bytes.length) return void response.end(bytes);
    response.write(bytes.subarray(0, sentBytes), () => response.destroy());
  };
}

function expectCopied(): void {
  const there = pair.destination.buckets.get("b")!.get("k");
  expect(there?.bytes.equals(content)).toBe(true);
}

test("an object is sent while it comes, by one request each, and keeps its ETag and metadata", async () => {
  const headers = { "content-type": "image/png", "x-amz-meta-a": "1", "x-amz-tagging": "t=1" };
  const { etag } = pair.source.put("b", "k", content, headers);
  const seen = noteAll(pair.destination, isWritten);
  expect(await pair.sync()).toMatchObject({ copied: 1, copiedBytes: content.length });
  expectCopied();
  expect(seen.map((request) => request.headers["x-amz-content-sha256"])).toEqual(["UNSIGNED-PAYLOAD"]);
  expect(seen[0]!.headers["authorization"]).toContain("content-md5");
  expect(countOf(pair.source, /^GET b\/k/)).toBe(2); // its tags, too
  expect(pair.destination.buckets.get("b")!.get("k")).toMatchObject({ etag, headers });
  expect(await pair.sync()).toMatchObject({ copied: 0, equal: 1 });
});

test("what was damaged on the way is refused by the server, and copied again", async () => {
  const { etag } = pair.source.put("b", "k", content);
  const wrong = Buffer.from(content);
  wrong[2_000_000]! ^= 1;
  const { seen } = answerFirst(pair.source, isRead, sendWrong(etag, wrong));
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(seen.length).toBe(2);
  expectCopied();
});

test("a source that breaks off in the middle leaves nothing half written, and is asked again", async () => {
  const { etag } = pair.source.put("b", "k", content);
  const { seen } = answerFirst(pair.source, isRead, sendWrong(etag, content, 1_000_000));
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(seen.length).toBe(2);
  expectCopied();
});

const failures: [string, (response: ServerResponse) => void][] = [
  ["breaks off", (response) => void response.destroy()],
  [
    "answers before it has everything",
    (response) => void response.writeHead(503, { "retry-after": "0" }).end("<Code>SlowDown</Code>"),
  ],
];

test.each(failures)("a destination that %s gets the object once more", async (_, answer) => {
  pair.source.put("b", "k", content);
  const { seen } = answerFirst(pair.destination, isWritten, answer);
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(seen.length).toBe(2);
  expectCopied();
});

test("a destination that always breaks off what is streamed gets the object by another way", async () => {
  pair.source.put("b", "k", content);
  let count = 0;
  pair.destination.fault = (request, response) => {
    const isStreamed = isWritten(request) && request.headers["content-md5"] !== undefined;
    if (isStreamed) response.destroy();
    count += Number(isStreamed);
    return isStreamed;
  };
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(count).toBe(1);
  expectCopied();
});

test.each(failures)("a source that does not go on is left by a destination that %s", async (_, answer) => {
  const { etag } = pair.source.put("b", "k", content);
  let leave: () => void;
  const left = new Promise<void>((resolve) => (leave = resolve));
  answerFirst(pair.source, isRead, (response) => {
    response.on("close", leave);
    response.writeHead(200, { "content-length": content.length, etag: `"${etag}"` });
    response.write(content.subarray(0, 100_000));
  });
  answerFirst(pair.destination, isWritten, answer);
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  await left;
  expectCopied();
});

test("a server that takes nothing without its SHA-256 is sent nothing else from then on", async () => {
  for (const key of ["k", "l", "m"]) pair.source.put("b", key, content);
  const seen: unknown[] = [];
  pair.destination.fault = (request, response) => {
    if (!isWritten(request)) return false;
    const digest = request.headers["x-amz-content-sha256"];
    seen.push(digest);
    if (digest !== "UNSIGNED-PAYLOAD") return false;
    response.writeHead(400).end("<Code>InvalidRequest</Code>");
    return true;
  };
  expect(await pair.sync({ slots: new Slots(1) })).toMatchObject({ copied: 3 });
  expect(seen.filter((digest) => digest === "UNSIGNED-PAYLOAD").length).toBe(1);
  expectCopied();
});

test("an ETag that is no MD5, because the source encrypts, vouches for nothing", async () => {
  const { etag } = pair.source.put("b", "k", content);
  const { seen } = answerFirst(pair.source, isRead, (response) => {
    const headers = { "content-length": content.length, etag: `"${etag}"` };
    response.writeHead(200, { ...headers, "x-amz-server-side-encryption": "aws:kms" }).end(content);
  });
  const written = noteAll(pair.destination, isWritten);
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(seen.length).toBe(2);
  expect(written.map(({ headers }) => headers["content-md5"])).toEqual([undefined]);
  expectCopied();
});

test("a server that says that it wrote something else is sent it once more", async () => {
  pair.source.put("b", "k", content);
  const { seen } = answerFirst(pair.destination, isWritten, (response, { headers }) => {
    expect(headers["content-md5"]).toBeDefined();
    response.writeHead(200, { etag: `"${"0".repeat(32)}"` }).end();
  });
  expect(await pair.sync()).toMatchObject({ copied: 1 });
  expect(seen.length).toBe(2);
  expectCopied();
});

test("a run that is given up ends, though neither server goes on", async () => {
  const { etag } = pair.source.put("b", "k", content);
  const controller = new AbortController();
  pair.source.fault = (request, response) => {
    if (!isRead(request)) return false;
    response.writeHead(200, { "content-length": content.length, etag: `"${etag}"` });
    response.write(content.subarray(0, 100_000), () => setTimeout(() => controller.abort(), 50));
    return true;
  };
  await expect(pair.sync({ signal: controller.signal })).rejects.toThrow();
  await Promise.all([pair.source.idle(), pair.destination.idle()]);
});
