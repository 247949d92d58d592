import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { keepingHeaders } from "../../../src/bucket/redirects.ts";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";
import { compressedCoding } from "../../../src/casync/chunk-coding.ts";
import { chunkPath } from "../../../src/casync/chunk-name.ts";
import { httpChunks } from "../../../src/casync/http-chunks.ts";
import {
  cachedStore,
  failoverGroup,
  mergedReads,
  severalStores,
} from "../../../src/casync/several-stores.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { SyncError } from "../../../src/errors.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { ChunkReader } from "../../../src/store/store.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback; its URL. */
async function serve(answer: Answer): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/store`;
}

const chunk = chunkOf(new TextEncoder().encode("content ".repeat(100)), sha512_256Digest);
const stored = compressedCoding().encode(chunk.bytes);
const path = `/store/${chunkPath(chunk.id, ".cacnk")}`;

describe("chunks over HTTP", () => {
  test("are fetched, asked for and left under the path of casync", async () => {
    const kept = new Map<string, Uint8Array>();
    const seen: string[] = [];
    const url = await serve((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        if (request.method === "PUT") kept.set(request.url!, Buffer.concat(parts));
        const found = kept.get(request.url!);
        response.statusCode = found ? 200 : 404;
        response.end(request.method === "GET" ? found : undefined);
      });
    });
    const store = httpChunks(`${url}//?token=1`, { headers: { authorization: "Bearer x" } });
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await store.has(chunk.id)).toBe(false);
    await store.put(chunk);
    expect(await store.has(chunk.id)).toBe(true);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    await store.put(chunk);
    expect(seen.filter((line) => line.startsWith("PUT"))).toEqual([`PUT ${path} Bearer x`]);
    await store.close();
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "STATE" });
  });

  test.each([
    ["has the next ones wait", 503],
    ["does not answer the next ones", undefined],
  ])("all end at once when a server says 401 and %s", async (_, status) => {
    let count = 0;
    const url = await serve((request, response) => {
      request.resume();
      if (++count === 3) response.writeHead(401).end();
      else if (status !== undefined) response.writeHead(status, { "retry-after": "200" }).end();
    });
    const store = httpChunks(url, { requestCount: 3 });
    const ids = Array.from({ length: 9 }, (_, i) => new Uint8Array(32).fill(i));
    const asked = await Promise.allSettled(ids.map((id) => store.get(id)));
    const refused = { code: "UNAUTHORIZED", detail: { status: 401 } };
    expect(asked).toMatchObject(ids.map(() => ({ status: "rejected", reason: refused })));
    expect(count).toBe(3);
    await expect(store.has(ids[0]!, { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });

  test.each([
    ["by Node's own fetch", fetch],
    ["by the one of the commands", nodeFetch()],
  ])("are fetched where the server says, and no other server is shown the headers, %s", async (_, call) => {
    const seen: string[] = [];
    const other = await serve(({ headers, url }, response) => {
      seen.push(`other ${url} ${headers.authorization}`);
      response.end(stored);
    });
    const home = await serve(({ headers, url }, response) => {
      seen.push(`home ${url} ${headers.authorization}`);
      const location = url === path ? "/moved" : `${new URL(other).origin}/there`;
      response.writeHead(302, { location }).end("elsewhere");
    });
    const store = httpChunks(home, { headers: { authorization: "Bearer x" }, fetch: keepingHeaders(call) });
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(seen).toEqual([`home ${path} Bearer x`, "home /moved Bearer x", "other /there undefined"]);
    const round = await serve((_request, response) => void response.writeHead(302, { location: path }).end());
    const lost = httpChunks(round, { headers: { authorization: "Bearer x" }, fetch: call, attemptCount: 1 });
    await expect(lost.get(chunk.id)).rejects.toMatchObject({ code: "IO" });
  });

  const failures: [what: string, fail: (response: ServerResponse) => void, code: string][] = [
    ["a 500", (response: ServerResponse) => void response.writeHead(500).end(), "UPSTREAM"],
    ["a broken connection", (response: ServerResponse) => void response.destroy(), "PEER_GONE"],
    [
      "a body that ends early",
      (response: ServerResponse): void => {
        response.writeHead(200, { "content-length": stored.length });
        response.write(stored.subarray(0, 20), () => response.destroy());
      },
      "PEER_GONE",
    ],
  ];

  test.each(failures)("are asked for again after %s, and not without end", async (_, fail, code) => {
    let count = 0;
    let failureCount = 2;
    const url = await serve((_request, response) => {
      count++;
      if (failureCount-- > 0) fail(response);
      else response.end(stored);
    });
    const store = httpChunks(url, { retryMs: 1 });
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(count).toBe(3);
    failureCount = 100;
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code });
    expect(count).toBe(6);
  });

  test.each([
    [403, "UNAUTHORIZED"],
    [400, "IO"],
  ])("are not asked for again after a %i", async (status, code) => {
    let count = 0;
    const url = await serve((_request, response) => {
      count++;
      response.writeHead(status).end("no");
    });
    await expect(httpChunks(url, { retryMs: 1 }).get(chunk.id)).rejects.toMatchObject({ code });
    expect(count).toBe(1);
  });

  test("of another digest are refused", async () => {
    const url = await serve((_request, response) =>
      response.end(compressedCoding().encode(new Uint8Array(5))),
    );
    await expect(httpChunks(url).get(chunk.id)).rejects.toMatchObject({ code: "CORRUPT" });
  });

  test("are not waited for without end, and not when nobody wants them", async () => {
    const url = await serve(() => {});
    await expect(httpChunks(url, { timeoutMs: 20, retryMs: 1 }).get(chunk.id)).rejects.toMatchObject({
      code: "STALLED",
    });
    const controller = new AbortController();
    const asked = httpChunks(url).get(chunk.id, { signal: controller.signal });
    const reason = new SyncError("ABORTED", "enough");
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });
});

/** A store that counts what it is asked, and fails as told. */
function counting(store: ChunkReader, fail?: () => SyncError | undefined) {
  const counted = {
    count: 0,
    ...store,
    get(id: Uint8Array) {
      counted.count++;
      const failure = fail?.();
      return failure ? Promise.reject(failure) : store.get(id);
    },
  };
  return counted;
}

async function withChunk(): Promise<ChunkReader> {
  const store = memoryStore();
  await store.put(sample);
  return store;
}

const sample = chunkOf(new Uint8Array(10));
const broken = () => new SyncError("IO", "broken");

test("of several stores one that fails is passed over", async () => {
  const first = counting(memoryStore(), broken);
  const second = counting(await withChunk());
  const store = severalStores([first, second]);
  expect((await store.get(sample.id)).bytes).toEqual(sample.bytes);
  await expect(store.get(new Uint8Array(32))).rejects.toMatchObject({ code: "IO" });
  await expect(severalStores([second]).get(new Uint8Array(32))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a group stays with the store that works", async () => {
  const first = counting(await withChunk(), broken);
  const second = counting(await withChunk());
  const group = failoverGroup([first, second]);
  for (let i = 0; i < 3; i++) await group.get(sample.id);
  expect([first.count, second.count]).toEqual([1, 3]);
  await expect(group.get(new Uint8Array(32))).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(first.count).toBe(1);
});

test("a cache is filled, and repaired", async () => {
  const origin = counting(await withChunk());
  const cache = memoryStore();
  let damaged = false;
  const damageable = {
    ...cache,
    get: (id: Uint8Array) => (damaged ? Promise.reject(new SyncError("CORRUPT", "bits")) : cache.get(id)),
  };
  const store = cachedStore(origin, damageable);
  await store.get(sample.id);
  await store.get(sample.id);
  expect(origin.count).toBe(1);
  damaged = true;
  expect((await store.get(sample.id)).bytes).toEqual(sample.bytes);
  expect(origin.count).toBe(2);
  await expect(cachedStore(origin, damageable, false).get(sample.id)).rejects.toMatchObject({
    code: "CORRUPT",
  });
});

test("a chunk that many ask for is fetched once", async () => {
  const origin = counting(await withChunk());
  const store = mergedReads(origin);
  await Promise.all(Array.from({ length: 10 }, () => store.get(sample.id)));
  expect(origin.count).toBe(1);
  await store.get(sample.id);
  expect(origin.count).toBe(2);
});
