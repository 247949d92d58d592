import { once } from "node:events";
import { createServer } from "node:https";
import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { expect, onTestFinished } from "vitest";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";
import { compressedCoding } from "../../../src/casync/chunk-coding.ts";
import { chunkPath } from "../../../src/casync/chunk-name.ts";
import { httpChunks } from "../../../src/casync/http-chunks.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { unless } from "../../obstacles.ts";
import { noOpenssl, selfSigned } from "../../self-signed.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

const { test } = unless(noOpenssl);

type Answer = (request: Http2ServerRequest, response: Http2ServerResponse, count: number) => void;

/** A server of chunks over TLS, and what it saw. */
async function serve(answer: Answer, { offersHttp2 = true, timeoutMs = 60_000 } = {}) {
  const tls = selfSigned();
  const versions: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = offersHttp2 ? createSecureServer({ ...tls, allowHTTP1: true }) : createServer(tls);
  server.on("session", (session) => sessions.add(session));
  server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    versions.push(request.httpVersion);
    answer(request, response, versions.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/store`;
  const call = nodeFetch({ ca: tls.cert }, { http2: true });
  return { versions, sessions, store: httpChunks(url, { fetch: call, retryMs: 1, timeoutMs }) };
}

const coding = compressedCoding();
const chunks = Array.from({ length: 40 }, (_, i) => chunkOf(xorshiftBytes(i + 1, 90_000), sha512_256Digest));
const stored = new Map(
  chunks.map(({ id, bytes }) => [`/store/${chunkPath(id, ".cacnk")}`, coding.encode(bytes)]),
);

/** Answers as a server of files does. */
const give: Answer = ({ url, method }, response) => {
  const found = stored.get(url);
  response.statusCode = found ? 200 : 404;
  response.end(method === "GET" && found ? found : "");
};

test("chunks come over one connection of HTTP/2 where that is offered", async () => {
  const { store, versions, sessions } = await serve(give);
  const all = await Promise.all(chunks.map(({ id }) => store.get(id)));
  expect(all.map(({ bytes }, i) => Buffer.compare(bytes, chunks[i]!.bytes))).toEqual(chunks.map(() => 0));
  expect(await store.has(chunks[0]!.id)).toBe(true);
  expect(await store.has(new Uint8Array(32))).toBe(false);
  await expect(store.get(new Uint8Array(32))).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect([new Set(versions), sessions.size]).toEqual([new Set(["2.0"]), 1]);
});

test("what is sent arrives whole", async () => {
  const bodies: Buffer[] = [];
  const { store } = await serve((request, response) => {
    if (request.method !== "PUT")
      return give({ url: "/", method: "HEAD" } as Http2ServerRequest, response, 0);
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      bodies.push(Buffer.concat(parts));
      response.end();
    });
  });
  await store.put(chunks[0]!);
  const expected = stored.get(`/store/${chunkPath(chunks[0]!.id, ".cacnk")}`)!;
  expect(bodies.map((body) => Buffer.compare(body, expected))).toEqual([0]);
});

test("HTTP/1.1 is spoken with who offers that alone", async () => {
  const { store, versions } = await serve(give, { offersHttp2: false });
  for (const chunk of chunks.slice(0, 3))
    expect((await store.get(chunk.id)).bytes.length).toBe(chunk.bytes.length);
  expect(versions).toEqual(["1.1", "1.1", "1.1"]);
});

test("a chunk is asked for again when its stream or its session breaks off", async () => {
  const { store, sessions, versions } = await serve((request, response, count) => {
    if (count === 1) {
      response.write("part of it");
      return void setImmediate(() => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    }
    if (count === 2) return request.stream.session!.destroy();
    return give(request, response, count);
  });
  expect((await store.get(chunks[0]!.id)).bytes.length).toBe(90_000);
  expect([versions.length, sessions.size]).toEqual([3, 2]);
});

test("a connection on which nothing comes is not waited for again", async () => {
  let dead: unknown;
  const answer: Answer = (request, response, count) => {
    dead ??= request.stream.session;
    if (request.stream.session !== dead) give(request, response, count);
  };
  const { store, sessions, versions } = await serve(answer, { timeoutMs: 500 });
  expect((await store.get(chunks[0]!.id)).bytes.length).toBe(90_000);
  expect([versions.length, sessions.size]).toEqual([2, 2]);
});

test("a session that takes no more makes room for one other", async () => {
  let release = (): void => {};
  const { store, sessions } = await serve((request, response, count) => {
    if (count > 1) return give(request, response, count);
    release = () => give(request, response, count);
    request.stream.session!.goaway(constants.NGHTTP2_NO_ERROR, request.stream.id!);
  });
  const [first, ...others] = chunks.slice(0, 3).map(({ id }) => id);
  const slow = store.get(first!);
  while (sessions.size < 2) {
    await store.has(others[0]!).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [ending] = sessions;
  release();
  expect((await slow).bytes.length).toBe(90_000);
  while (!ending!.destroyed) await new Promise((resolve) => setTimeout(resolve, 5));
  for (let i = 0; i < 5; i++) {
    await store.get(others[1]!);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(sessions.size).toBe(2);
});

test("a status that is none is an answer that fails, and nothing else", async () => {
  const frame = (type: number, flags: number, streamId: number, body: string): Buffer =>
    Buffer.concat([Buffer.from([0, 0, body.length, type, flags, 0, 0, 0, streamId]), Buffer.from(body)]);
  const tls = selfSigned();
  const server = createTlsServer({ ...tls, ALPNProtocols: ["h2"] }, (socket) => {
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    socket.write(frame(4, 0, 0, "")); // SETTINGS
    // HEADERS of `:status` alone, which end the stream.
    const answer = (): void => void socket.write(frame(1, 5, 1, "\u0008\u0003999"));
    // The request is what comes behind the preface and settings, and is longer than those.
    let length = 0;
    socket.on("data", (part) => {
      const before = length;
      length += part.length;
      if (before <= 100 && length > 100) answer();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/store`;
  const call = nodeFetch({ ca: tls.cert }, { http2: true });
  const store = httpChunks(url, { fetch: call, attemptCount: 1, timeoutMs: 5000 });
  await expect(store.get(chunks[0]!.id)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("a request ends with its signal", async () => {
  const { store, sessions } = await serve(() => {});
  const controller = new AbortController();
  const asked = store.get(chunks[0]!.id, { signal: controller.signal });
  while (sessions.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
});
