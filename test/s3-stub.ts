import { promisify } from "node:util";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A stub of S3 in this process: it has what the documents of S3 promise, and no signatures. */

export interface StubObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly writtenMs: number;
  /** Bytes that it is said to have, of what would be too long for a test. */
  readonly saidBytes?: number;
  /** Bytes of each part, of what was written in parts. */
  readonly partBytes?: readonly number[];
}

export interface StubVersion {
  readonly key: string;
  readonly id: string;
  readonly object: StubObject | undefined;
  readonly writtenMs: number;
}

interface Upload {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
  /** Bytes of parts that were taken from what is only said to be long. */
  saidBytes: number;
}

/** One request, as faults and tests see it. */
export interface StubRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

/** Answers in the place of the stub when it returns true. */
export type Fault = (request: StubRequest, response: ServerResponse) => boolean | Promise<boolean>;

export interface S3Stub {
  readonly url: string;
  readonly buckets: Map<string, Map<string, StubObject>>;
  readonly versions: StubVersion[];
  readonly uploads: Map<string, Upload>;
  /** All requests so far, as `METHOD bucket/key?query names`. */
  readonly requests: string[];
  fault: Fault | undefined;
  /** Keys on a page of a listing. */
  pageLength: number;
  /** Looks at a listing before it goes out. */
  rewrite: ((xml: string) => string) | undefined;
  /** The time of its clock, which goes on by a second with each object that is written. */
  timeMs: number;
  put(bucket: string, key: string, content: string | Buffer, headers?: Record<string, string>): StubObject;
  /** Puts an object as if it had been written in parts of so many bytes. */
  putInParts(bucket: string, key: string, content: Buffer, partBytes: number): StubObject;
  /** Resolves when nobody is connected: what was asked by who is dead now is answered then. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const kept =
  /^(?:content-type|cache-control|content-disposition|content-encoding|content-language|expires|x-amz-meta-.*|x-amz-storage-class|x-amz-tagging)$/;
const md5 = (bytes: Buffer): string => createHash("md5").update(bytes).digest("hex");

/** What an object is that was written in parts. */
function ofParts(parts: readonly Buffer[]): Pick<StubObject, "bytes" | "etag" | "partBytes"> {
  const md5s = Buffer.concat(parts.map((part) => Buffer.from(md5(part), "hex")));
  const etag = `${md5(md5s)}-${parts.length}`;
  return { bytes: Buffer.concat(parts), etag, partBytes: parts.map(({ length }) => length) };
}

export async function startS3Stub(...names: readonly string[]): Promise<S3Stub> {
  const server = createServer(
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  let uploadCount = 0;
  const stub: S3Stub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    buckets: new Map(names.map((name) => [name, new Map()])),
    versions: [],
    uploads: new Map(),
    requests: [],
    fault: undefined,
    pageLength: 1000,
    rewrite: undefined,
    timeMs: Date.UTC(2026, 0, 1),
    put(bucket, key, content, headers = {}) {
      const bytes = Buffer.from(content);
      return keep(bucket, key, { bytes, etag: md5(bytes), headers, writtenMs: (stub.timeMs += 1000) });
    },
    putInParts(bucket, key, bytes, partBytes) {
      const parts: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += partBytes) parts.push(bytes.subarray(at, at + partBytes));
      return keep(bucket, key, { ...ofParts(parts), headers: {}, writtenMs: (stub.timeMs += 1000) });
    },
    async idle() {
      const count = promisify(server.getConnections.bind(server));
      while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  function keep(bucket: string, key: string, object: StubObject): StubObject {
    stub.buckets.get(bucket)!.set(key, object);
    stub.versions.push({ key, id: `v${stub.versions.length}`, object, writtenMs: object.writtenMs });
    return object;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "", search = ""] = request.url!.split("?", 2);
    const query = new URLSearchParams(search.replaceAll("+", "%2B"));
    const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s
      .exec(path)!
      .map((text) => decodeURIComponent(text));
    const { headers } = request;
    const method = request.method!;
    response.setHeader("date", new Date(stub.timeMs).toUTCString());
    stub.requests.push(`${method} ${bucket}/${key}?${[...query.keys()].join("&")}`);
    if (await stub.fault?.({ method, bucket, key, query, headers }, response)) return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const digest = headers["x-amz-content-sha256"];
    const isSigned = typeof digest === "string" && digest !== "UNSIGNED-PAYLOAD";
    if (isSigned && digest !== createHash("sha256").update(body).digest("hex"))
      return fail(response, 400, "XAmzContentSHA256Mismatch");
    const told = headers["content-md5"];
    if (told !== undefined && told !== Buffer.from(md5(body), "hex").toString("base64"))
      return fail(response, 400, "BadDigest");
    const objects = stub.buckets.get(bucket);
    if (!objects) {
      if (method !== "PUT" || key !== "") return fail(response, 404, "NoSuchBucket");
      stub.buckets.set(bucket, new Map());
      return void response.end();
    }
    const call = { method, bucket, key, query, headers, body, objects, response };
    if (key === "") return onBucket(call);
    if (query.has("uploads") || query.has("uploadId")) return onUpload(call);
    return onObject(call);
  }

  interface Call extends StubRequest {
    readonly body: Buffer;
    readonly objects: Map<string, StubObject>;
    readonly response: ServerResponse;
  }

  function onBucket({ method, bucket, query, body, objects, response }: Call): void {
    if (method === "HEAD" || method === "PUT") return void response.end();
    if (query.has("versioning")) return void response.end("<VersioningConfiguration/>");
    if (query.has("versions")) return void response.end(versionPage(query));
    if (method === "GET")
      return void response.end(stub.rewrite?.(page(objects, query)) ?? page(objects, query));
    const text = body.toString();
    for (const [, inside] of text.matchAll(/<Object>(.*?)<\/Object>/gs)) {
      const key = unescape(/<Key>(.*?)<\/Key>/s.exec(inside!)![1]!);
      const id = /<VersionId>(.*?)</.exec(inside!)?.[1];
      if (id === undefined) remove(bucket, key);
      else
        stub.versions.splice(
          stub.versions.findIndex((version) => version.id === id),
          1,
        );
    }
    response.end("<DeleteResult></DeleteResult>");
  }

  function remove(bucket: string, key: string): void {
    if (stub.buckets.get(bucket)!.delete(key))
      stub.versions.push({
        key,
        id: `v${stub.versions.length}`,
        object: undefined,
        writtenMs: (stub.timeMs += 1000),
      });
  }

  function page(objects: Map<string, StubObject>, query: URLSearchParams): string {
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const prefix = query.get("prefix") ?? "";
    const from = Buffer.from(after);
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => ({ key, bytes: Buffer.from(key) }))
      .filter(({ bytes }) => Buffer.compare(bytes, from) > 0)
      .sort((one, other) => Buffer.compare(one.bytes, other.bytes))
      .map(({ key }) => key);
    const shown = keys.slice(0, Math.min(stub.pageLength, Number(query.get("max-keys") ?? Infinity)));
    const next =
      keys.length > shown.length
        ? `<NextContinuationToken>${escape(shown.at(-1)!)}</NextContinuationToken>`
        : "";
    const rows = shown.map((key) => {
      const { bytes, etag, writtenMs, saidBytes = bytes.length } = objects.get(key)!;
      const written = new Date(writtenMs).toISOString();
      return `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${written}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${saidBytes}</Size></Contents>`;
    });
    return `<?xml version="1.0"?><ListBucketResult xmlns="x"><EncodingType>url</EncodingType>${rows.join("")}<IsTruncated>${next !== ""}</IsTruncated>${next}</ListBucketResult>`;
  }

  function versionPage(query: URLSearchParams): string {
    const latest = new Map(stub.versions.map(({ key, id }) => [key, id]));
    const all = stub.versions
      .map((version, at) => ({ ...version, at }))
      .filter(({ key }) => key.startsWith(query.get("prefix") ?? ""))
      .sort((a, b) => (a.key === b.key ? b.at - a.at : a.key < b.key ? -1 : 1));
    const marker = all.findIndex(
      ({ key, id }) => key === query.get("key-marker") && id === query.get("version-id-marker"),
    );
    const shown = all.slice(marker + 1, marker + 1 + stub.pageLength);
    const rows = shown.map(({ key, id, object, writtenMs }) => {
      const tag = object ? "Version" : "DeleteMarker";
      return `<${tag}><Key>${encodeURIComponent(key)}</Key><VersionId>${id}</VersionId><IsLatest>${latest.get(key) === id}</IsLatest><LastModified>${new Date(writtenMs).toISOString()}</LastModified></${tag}>`;
    });
    const last = marker + 1 + shown.length < all.length ? shown.at(-1)! : undefined;
    const next = last
      ? `<NextKeyMarker>${encodeURIComponent(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.id}</NextVersionIdMarker>`
      : "";
    return `<ListVersionsResult><EncodingType>url</EncodingType>${rows.join("")}<IsTruncated>${last !== undefined}</IsTruncated>${next}</ListVersionsResult>`;
  }

  function onObject(call: Call): void {
    const { method, bucket, key, headers, body, objects, response, query } = call;
    const object = objects.get(key);
    if (method === "DELETE") {
      remove(bucket, key);
      return void response.writeHead(204).end();
    }
    if (method === "PUT") {
      if (!holds(headers["if-match"], headers["if-none-match"], object))
        return fail(response, 412, "PreconditionFailed");
      const source = headers["x-amz-copy-source"];
      if (source === undefined) {
        const made = keep(bucket, key, {
          bytes: body,
          etag: md5(body),
          headers: keptIn(headers),
          writtenMs: (stub.timeMs += 1000),
        });
        return void response.writeHead(200, { etag: `"${made.etag}"` }).end();
      }
      const from = sourceOf(source as string);
      if (!from) return fail(response, 404, "NoSuchKey");
      if (!holds(headers["x-amz-copy-source-if-match"] as string, undefined, from))
        return fail(response, 412, "PreconditionFailed");
      const isReplacing = headers["x-amz-metadata-directive"] === "REPLACE";
      const keepsTags = headers["x-amz-tagging-directive"] !== "REPLACE" && from.headers["x-amz-tagging"];
      keep(bucket, key, {
        ...from,
        etag: md5(from.bytes),
        headers: isReplacing
          ? { ...keptIn(headers), ...(keepsTags && { "x-amz-tagging": keepsTags }) }
          : { ...from.headers, ...keptIn(headers) },
        writtenMs: (stub.timeMs += 1000),
      });
      return void response.end(`<CopyObjectResult><ETag>"${md5(from.bytes)}"</ETag></CopyObjectResult>`);
    }
    if (!object) return fail(response, 404, "NoSuchKey", method === "HEAD");
    if (query.has("tagging")) return void response.end(tagSet(object));
    if (!holds(headers["if-match"], undefined, object)) return fail(response, 412, "PreconditionFailed");
    send(object, headers.range, query, method, response);
  }

  function send(
    object: StubObject,
    range: string | undefined,
    query: URLSearchParams,
    method: string,
    response: ServerResponse,
  ): void {
    const { bytes, etag, headers: kept, writtenMs, partBytes, saidBytes = bytes.length } = object;
    const { "x-amz-tagging": tags, ...rest } = kept;
    const count = tags === undefined ? {} : { "x-amz-tagging-count": tags.split("&").length };
    const facts = {
      ...rest,
      ...count,
      etag: `"${etag}"`,
      "last-modified": new Date(writtenMs).toUTCString(),
    };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    if (from !== undefined) {
      const part = bytes.subarray(Number(from), Number(to) + 1);
      response.writeHead(206, {
        ...facts,
        "content-length": part.length,
        "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`,
      });
      return void response.end(method === "HEAD" ? undefined : part);
    }
    const length = query.has("partNumber") ? (partBytes?.[0] ?? saidBytes) : saidBytes;
    response.writeHead(200, { ...facts, "content-length": length });
    response.end(method === "HEAD" ? undefined : bytes);
  }

  function onUpload({ method, bucket, key, query, headers, body, objects, response }: Call): void {
    if (query.has("uploads")) {
      const id = `u${++uploadCount}`;
      stub.uploads.set(id, { key, headers: keptIn(headers), parts: new Map(), saidBytes: 0 });
      return void response.end(
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    const id = query.get("uploadId")!;
    const upload = stub.uploads.get(id);
    if (!upload) return fail(response, 404, "NoSuchUpload");
    if (method === "DELETE") {
      stub.uploads.delete(id);
      return void response.writeHead(204).end();
    }
    if (method === "PUT") {
      const source = headers["x-amz-copy-source"];
      const from = source === undefined ? undefined : sourceOf(source as string);
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(String(headers["x-amz-copy-source-range"])) ?? [];
      const bytes = from ? from.bytes.subarray(Number(first), Number(last) + 1) : body;
      upload.parts.set(Number(query.get("partNumber")), bytes);
      if (from?.saidBytes !== undefined) upload.saidBytes += Number(last) + 1 - Number(first);
      if (!from) return void response.writeHead(200, { etag: `"${md5(bytes)}"` }).end();
      return void response.end(`<CopyPartResult><ETag>"${md5(bytes)}"</ETag></CopyPartResult>`);
    }
    if (!holds(headers["if-match"], headers["if-none-match"], objects.get(key)))
      return fail(response, 412, "PreconditionFailed");
    const parts = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)</g)].map(
      ([, number, etag]) => {
        const part = upload.parts.get(Number(number));
        return part !== undefined && md5(part) === etag ? part : undefined;
      },
    );
    if (parts.includes(undefined)) return fail(response, 400, "InvalidPart");
    const { etag } = keep(bucket, key, {
      ...ofParts(parts as Buffer[]),
      ...(upload.saidBytes > 0 && { saidBytes: upload.saidBytes }),
      headers: upload.headers,
      writtenMs: (stub.timeMs += 1000),
    });
    stub.uploads.delete(id);
    response.end(`<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
  }

  function sourceOf(source: string): StubObject | undefined {
    const [, bucket = "", key = ""] = /^\/?([^/]+)\/(.*)$/s.exec(decodeURIComponent(source))!;
    return stub.buckets.get(bucket)?.get(key);
  }

  return stub;
}

function holds(
  match: string | undefined,
  noneMatch: string | undefined,
  object: StubObject | undefined,
): boolean {
  if (noneMatch === "*" && object) return false;
  return match === undefined || match.replaceAll('"', "") === object?.etag;
}

function tagSet({ headers }: StubObject): string {
  const tags = [...new URLSearchParams(headers["x-amz-tagging"])].map(
    ([name, value]) => `<Tag><Key>${escape(name)}</Key><Value>${escape(value)}</Value></Tag>`,
  );
  return `<Tagging><TagSet>${tags.join("")}</TagSet></Tagging>`;
}

function keptIn(headers: IncomingMessage["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => kept.test(name))) as Record<
    string,
    string
  >;
}

function fail(response: ServerResponse, status: number, code: string, isBare = false): void {
  response.writeHead(status);
  response.end(isBare ? undefined : `<Error><Code>${code}</Code></Error>`);
}

function escape(text: string): string {
  return text.replaceAll(/[<>&\u0000-\u001f]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function unescape(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}
