import { createHash, generateKeyPairSync, type KeyPairKeyObjectResult, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A stub of Google's storage in this process: it gives out tokens for assertions that are signed as
 * its documents say, and has what the JSON interface promises; content in parts by the XML one.
 */

interface StubObject {
  readonly bytes: Buffer;
  readonly generation: string;
  readonly createdMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** False for what was written in parts. */
  readonly hasMd5: boolean;
  deletedMs?: number;
}

export interface GoogleStub {
  readonly url: string;
  /** A file of keys of the account that it knows. */
  readonly keyFile: string;
  /** All requests so far, as `METHOD path?query names`. */
  readonly requests: string[];
  /** All versions of the objects of each bucket, those of a key in the order they came in. */
  readonly buckets: Map<string, Map<string, StubObject[]>>;
  readonly tokens: Set<string>;
  /** Answers in the place of the stub when it returns true. */
  fault: ((line: string, response: ServerResponse) => boolean) | undefined;
  pageLength: number;
  timeMs: number;
  /** Bytes that a copy gets on by with each request. */
  copiedAtOnce: number;
  /** What a reader gets of a key. */
  latest(bucket: string, key: string): StubObject | undefined;
  stop(): Promise<void>;
}

/** Made once: that takes its time. */
let keys: KeyPairKeyObjectResult | undefined;

const email = "robot@project.iam.example";
const keyId = "key-1";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly response: ServerResponse;
}

export async function startGoogleStub(...names: readonly string[]): Promise<GoogleStub> {
  const { privateKey, publicKey } = (keys ??= generateKeyPairSync("rsa", { modulusLength: 2048 }));
  const server = createServer(
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let [generation, uploadCount] = [1_700_000_000_000_000, 0];
  const uploads = new Map<
    string,
    { key: string; headers: IncomingMessage["headers"]; parts: Map<number, Buffer> }
  >();
  const stub: GoogleStub = {
    url,
    keyFile: JSON.stringify({
      type: "service_account",
      project_id: "project",
      private_key_id: keyId,
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_email: email,
      token_uri: `${url}/token`,
    }),
    requests: [],
    buckets: new Map(names.map((name) => [name, new Map()])),
    tokens: new Set(),
    fault: undefined,
    pageLength: 1000,
    timeMs: Date.UTC(2026, 0, 1),
    copiedAtOnce: Infinity,
    latest: (bucket, key) =>
      stub.buckets
        .get(bucket)
        ?.get(key)
        ?.find(({ deletedMs }) => deletedMs === undefined),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "", search = ""] = request.url!.split("?", 2);
    const query = new URLSearchParams(search);
    const line = `${request.method} ${path}?${[...query.keys()].join("&")}`;
    stub.requests.push(line);
    response.setHeader("date", new Date(stub.timeMs).toUTCString());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers } = request;
    const call: Call = {
      method: request.method!,
      path,
      query,
      headers,
      body: Buffer.concat(chunks),
      response,
    };
    if (stub.fault?.(line, response) === true) return;
    if (path === "/token") return giveToken(call);
    if (!stub.tokens.has((headers.authorization ?? "").replace("Bearer ", "")))
      return fail(response, 401, "Invalid Credentials");
    if (path.startsWith("/upload/storage/v1/b/")) return onUpload(call);
    if (path.startsWith("/storage/v1/b")) return onJson(call);
    return onXml(call);
  }

  /** Looks at an assertion as the documents of OAuth for service accounts have it. */
  function giveToken({ body, response }: Call): void {
    const form = new URLSearchParams(body.toString());
    const [head = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    const read = (part: string): Record<string, unknown> =>
      JSON.parse(Buffer.from(part, "base64url").toString() || "{}") as Record<string, unknown>;
    const [{ alg, typ, kid }, { iss, aud, scope, iat, exp }] = [read(head), read(claims)];
    const isSigned = verify(
      "RSA-SHA256",
      Buffer.from(`${head}.${claims}`),
      publicKey,
      Buffer.from(signature, "base64url"),
    );
    const isRight =
      form.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer" &&
      [alg, typ, kid, iss, aud].join() === ["RS256", "JWT", keyId, email, `${url}/token`].join() &&
      String(scope).startsWith("https://www.googleapis.com/auth/devstorage.") &&
      Math.abs(Number(iat) - Date.now() / 1000) < 300 &&
      Number(exp) - Number(iat) <= 3600;
    if (!isSigned || !isRight) {
      response.writeHead(400);
      return void response.end(JSON.stringify({ error: "invalid_grant", error_description: "Invalid JWT" }));
    }
    const token = `token-${stub.requests.length}`;
    stub.tokens.add(token);
    response.end(JSON.stringify({ access_token: token, expires_in: 3600, token_type: "Bearer" }));
  }

  function onJson(call: Call): void {
    const { method, path, query, body, response } = call;
    const [, , , , bucket = "", kind, name, action, , other = "", , to = ""] = path
      .split("/")
      .map(decodeURIComponent);
    const objects = stub.buckets.get(bucket);
    if (bucket === "") {
      stub.buckets.set((JSON.parse(body.toString()) as { name: string }).name, new Map());
      return void response.end("{}");
    }
    if (!objects) return fail(response, 404, "The specified bucket does not exist.");
    if (kind === undefined)
      return void response.end(JSON.stringify({ name: bucket, versioning: { enabled: true } }));
    if (name === undefined) return void response.end(JSON.stringify(page(objects, query)));
    const wanted = query.get("generation");
    const found =
      wanted === null
        ? stub.latest(bucket, name)
        : objects.get(name)?.find((one) => one.generation === wanted);
    if (!found) return fail(response, 404, `No such object: ${bucket}/${name}`);
    if (action === "rewriteTo") return rewrite(call, found, other, to);
    if (method === "DELETE") {
      if (wanted === null) found.deletedMs = stub.timeMs += 1000;
      else
        objects.set(
          name,
          objects.get(name)!.filter((one) => one !== found),
        );
      return void response.writeHead(204).end();
    }
    if (query.get("alt") !== "media") return void response.end(JSON.stringify(resourceOf(name, found)));
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(call.headers.range ?? "") ?? [];
    if (first === undefined) return void response.end(found.bytes);
    const part = found.bytes.subarray(Number(first), Number(last) + 1);
    const told = `bytes ${first}-${Number(first) + part.length - 1}/${found.bytes.length}`;
    response.writeHead(206, { "content-range": told }).end(part);
  }

  function rewrite({ query, body, response }: Call, from: StubObject, bucket: string, key: string): void {
    const term = query.get("ifSourceGenerationMatch");
    if ((term !== null && term !== from.generation) || !holds(query, bucket, key))
      return fail(response, 412, "conditionNotMet");
    const doneBytes = Number(query.get("rewriteToken") ?? 0) + stub.copiedAtOnce;
    if (doneBytes < from.bytes.length)
      return void response.end(
        JSON.stringify({ done: false, rewriteToken: `${doneBytes}`, totalBytesRewritten: `${doneBytes}` }),
      );
    const given = JSON.parse(body.toString()) as Record<string, unknown>;
    const fields = Object.keys(given).length > 0 ? given : from.fields;
    const made = keep(bucket, key, from.bytes, fields, from.hasMd5);
    response.end(JSON.stringify({ done: true, resource: resourceOf(key, made) }));
  }

  function onUpload({ path, query, headers, body, response }: Call): void {
    const bucket = decodeURIComponent(path.split("/")[5]!);
    const boundary = /boundary=(.*)$/.exec(headers["content-type"]!)![1]!;
    const text = body.toString("latin1");
    const [, json = "", content = ""] = text
      .split(`--${boundary}`)
      .map((part) => part.slice(part.indexOf("\r\n\r\n") + 4, -2));
    const { name, md5Hash, ...fields } = JSON.parse(Buffer.from(json, "latin1").toString()) as Record<
      string,
      string
    >;
    const bytes = Buffer.from(content, "latin1");
    if (md5Hash !== undefined && md5Hash !== md5(bytes))
      return fail(response, 400, "Provided MD5 hash doesn't match");
    if (!holds(query, bucket, name!)) return fail(response, 412, "conditionNotMet");
    response.end(JSON.stringify(resourceOf(name!, keep(bucket, name!, bytes, fields, true))));
  }

  /** Content in parts, whose requests have headers in the words of Google. */
  function onXml({ method, path, query, headers, body, response }: Call): void {
    const [, bucket = "", ...rest] = path.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    if (Object.keys(headers).some((name) => name.startsWith("x-amz-")))
      return fail(response, 400, "x-amz header");
    if (query.has("uploads")) {
      uploads.set(`u${++uploadCount}`, { key, headers, parts: new Map() });
      return void response.end(`<R><UploadId>u${uploadCount}</UploadId></R>`);
    }
    const id = query.get("uploadId")!;
    const upload = uploads.get(id);
    if (!upload) return fail(response, 404, "NoSuchUpload");
    if (method === "PUT") {
      upload.parts.set(Number(query.get("partNumber")), body);
      return void response
        .writeHead(200, { etag: `"${createHash("md5").update(body).digest("hex")}"` })
        .end();
    }
    uploads.delete(id);
    if (method === "DELETE") return void response.writeHead(204).end();
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => Number(number));
    const own = Object.entries(upload.headers).filter(([name]) => name.startsWith("x-goog-meta-"));
    const metadata = Object.fromEntries(
      own.map(([name, value]) => [name.slice("x-goog-meta-".length), value]),
    );
    const fields = { contentType: upload.headers["content-type"], metadata };
    keep(bucket, key, Buffer.concat(numbers.map((number) => upload.parts.get(number)!)), fields, false);
    response.end('<R><ETag>"of parts"</ETag></R>');
  }

  function keep(
    bucket: string,
    key: string,
    bytes: Buffer,
    fields: Readonly<Record<string, unknown>>,
    hasMd5: boolean,
  ) {
    const older = stub.latest(bucket, key);
    const made: StubObject = {
      bytes,
      fields,
      hasMd5,
      generation: `${++generation}`,
      createdMs: (stub.timeMs += 1000),
    };
    if (older) older.deletedMs = made.createdMs;
    const objects = stub.buckets.get(bucket)!;
    objects.set(key, [...(objects.get(key) ?? []), made]);
    return made;
  }

  function holds(query: URLSearchParams, bucket: string, key: string): boolean {
    const term = query.get("ifGenerationMatch");
    return term === null || term === (stub.latest(bucket, key)?.generation ?? "0");
  }

  function page(objects: Map<string, StubObject[]>, query: URLSearchParams): object {
    const prefix = query.get("prefix") ?? "";
    const from = query.get("pageToken") ?? query.get("startOffset") ?? "";
    const all = [...objects]
      .filter(([key]) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(from)) >= 0)
      .sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
      .map(([key, versions]) => ({
        key,
        shown: versions.filter(
          ({ deletedMs }) => deletedMs === undefined || query.get("versions") === "true",
        ),
      }))
      .filter(({ shown }) => shown.length > 0);
    const length = Math.min(stub.pageLength, Number(query.get("maxResults") ?? Infinity));
    const items = all.slice(0, length).flatMap(({ key, shown }) => shown.map((one) => resourceOf(key, one)));
    return { items, ...(all.length > length && { nextPageToken: all[length]!.key }) };
  }

  function resourceOf(
    name: string,
    { bytes, fields, hasMd5, generation, createdMs, deletedMs }: StubObject,
  ): object {
    return {
      ...fields,
      name,
      generation,
      size: `${bytes.length}`,
      timeCreated: new Date(createdMs).toISOString(),
      ...(hasMd5 && { md5Hash: md5(bytes) }),
      ...(deletedMs !== undefined && { timeDeleted: new Date(deletedMs).toISOString() }),
    };
  }

  return stub;
}

const md5 = (bytes: Buffer): string => createHash("md5").update(bytes).digest("base64");

function fail(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status).end(JSON.stringify({ error: { code: status, message } }));
}
