import { gunzipSync, gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { googleOptions } from "../../../src/bucket/google/xml-dialect.ts";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";
import type { ObjectBucket } from "../../../src/bucket/object-bucket.ts";
import { s3Bucket } from "../../../src/bucket/s3.ts";
import { putOnTerms } from "../../../src/bucket/sync/put-object.ts";
import { collect } from "../casync/vectors.ts";

/**
 * A server that answers as Google's XML interface does where that differs from S3: it knows no
 * terms of writes, no deletion of many, and no tags; it changes `Accept-Encoding` before it looks
 * at signatures, and decompresses what is stored as gzip for who does not take that.
 */

interface Stored {
  readonly bytes: Buffer;
  readonly encoding: string | undefined;
}

async function startGoogle(): Promise<{ readonly bucket: ObjectBucket; readonly asked: string[] }> {
  const objects = new Map<string, Stored>();
  const asked: string[] = [];
  const server = createServer((request, response) => void answer(request, response, objects, asked));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const bucket = s3Bucket(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "b", {
    ...googleOptions,
    credentials: { accessKey: "GOOG1", secretKey: "secret" },
    fetch: nodeFetch(),
    attemptCount: 1,
  });
  return { bucket, asked };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code></Error>`);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  objects: Map<string, Stored>,
  asked: string[],
): Promise<void> {
  const { pathname: key, search } = new URL(request.url!, "http://h");
  const { method, headers } = request;
  asked.push(`${method} ${key}${search}`);
  const body = Buffer.concat(await collect(request as AsyncIterable<Buffer>));
  const signed = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? "")?.[1]?.split(";") ?? [];
  if (signed.length === 0 || signed.includes("accept-encoding"))
    return refuse(response, 403, "SignatureDoesNotMatch");
  const isMixed = Object.keys(headers).some((name) => name.startsWith("x-goog-"));
  if (isMixed || headers["x-amz-tagging"] !== undefined) return refuse(response, 400, "InvalidArgument");
  if (search.includes("delete") || search.includes("tagging"))
    return refuse(response, 400, "InvalidArgument");
  if (method === "PUT") {
    if (headers["if-match"] ?? headers["if-none-match"]) return refuse(response, 501, "NotImplemented");
    objects.set(key, { bytes: body, encoding: headers["content-encoding"] });
    return void response.writeHead(200, { etag: etagOf(body) }).end();
  }
  const found = objects.get(key);
  if (!found) return refuse(response, 404, "NoSuchKey");
  if (method === "DELETE") {
    objects.delete(key);
    return void response.writeHead(204).end();
  }
  sendObject(found, request, response);
}

function sendObject(
  { bytes, encoding }: Stored,
  { headers, method }: IncomingMessage,
  response: ServerResponse,
) {
  const md5 = createHash("md5").update(bytes).digest("base64");
  const common = {
    etag: etagOf(bytes),
    "last-modified": new Date(0).toUTCString(),
    "x-goog-hash": `crc32c=AAAAAA==, md5=${md5}`,
    "x-goog-generation": "7",
  };
  const isDecompressed = encoding === "gzip" && !(headers["accept-encoding"] ?? "").includes("gzip");
  // A range of what is decompressed is all of it.
  if (isDecompressed) return response.writeHead(200, common).end(method === "HEAD" ? "" : gunzipSync(bytes));
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  const part = from === undefined ? bytes : bytes.subarray(Number(from), Number(to) + 1);
  response.writeHead(from === undefined ? 200 : 206, {
    ...common,
    ...(encoding !== undefined && { "content-encoding": encoding }),
    ...(from !== undefined && { "content-range": `bytes ${from}-${to}/${bytes.length}` }),
    "content-length": part.length,
  });
  return response.end(method === "HEAD" ? "" : part);
}

function etagOf(bytes: Buffer): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

const content = gzipSync(Buffer.from("text ".repeat(100)));
const metadata = { headers: { "content-encoding": "gzip" }, user: {} };

test("what is stored as gzip comes as it is stored, whole and in ranges", async () => {
  const { bucket } = await startGoogle();
  await bucket.write("k", content, { metadata });
  expect(Buffer.from((await bucket.read("k"))!.bytes).equals(content)).toBe(true);
  const part = await bucket.read("k", { range: { offset: 3, length: 5 } });
  expect(Buffer.from(part!.bytes).equals(content.subarray(3, 8))).toBe(true);
});

test("digests are told of every object", async () => {
  const { bucket } = await startGoogle();
  await bucket.write("k", content);
  const facts = await bucket.head("k");
  expect(facts).toMatchObject({
    md5: createHash("md5").update(content).digest("hex"),
    checksums: { crc32c: "AAAAAA==" },
  });
});

test("writes on terms go without them, and many are deleted one by one", async () => {
  const { bucket, asked } = await startGoogle();
  for (const key of ["a", "b"])
    await putOnTerms(bucket, key, { replaces: null }, undefined, async (terms) =>
      bucket.write(key, content, terms),
    );
  expect(asked.filter((line) => line.startsWith("PUT"))).toEqual(["PUT /b/a", "PUT /b/a", "PUT /b/b"]);
  expect(await bucket.deleteMany(["a", "b"])).toEqual([]);
  expect(await bucket.head("a")).toBe(undefined);
  expect(bucket.tags).toBe(undefined);
});
