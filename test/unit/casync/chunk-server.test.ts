import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { compressedCoding } from "../../../src/casync/chunk-coding.ts";
import { chunkPath } from "../../../src/casync/chunk-name.ts";
import { chunkServer, type ChunkServerOptions } from "../../../src/casync/chunk-server.node.ts";
import { nodeCompressor } from "../../../src/casync/compressor.node.ts";
import { httpChunks } from "../../../src/casync/http-chunks.ts";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";
import { serveChunks } from "../../../src/cli/serving/served-chunks.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { unless } from "../../obstacles.ts";
import { noOpenssl, selfSigned } from "../../self-signed.ts";

function freshStore() {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-chunks-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, store: castrStore(folder) };
}

async function listen(options: ChunkServerOptions = {}, store = freshStore().store) {
  const server = chunkServer(store, options);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http${options.tls ? "s" : ""}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const chunk = chunkOf(new TextEncoder().encode("served ".repeat(50)), sha512_256Digest);
const path = `/${chunkPath(chunk.id, ".cacnk")}`;
const coding = compressedCoding(nodeCompressor);

test("chunks are served as they are stored, and taken when that is allowed", async () => {
  const { folder, store } = freshStore();
  const url = await listen({ writer: store }, store);
  const client = httpChunks(url, { coding });
  await expect(client.get(chunk.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await client.put(chunk);
  expect((await client.get(chunk.id)).bytes).toEqual(chunk.bytes);
  const stored = readFileSync(join(folder, path));
  expect(Buffer.from(await (await fetch(url + path)).arrayBuffer()).equals(stored)).toBe(true);
});

test("clients that send nothing do not keep others from sending", async () => {
  const { store } = freshStore();
  const url = new URL(await listen({ writer: store, patienceMs: 50 }, store));
  const stalled = Array.from({ length: 5 }, () => connect(Number(url.port), url.hostname));
  onTestFinished(() => stalled.forEach((socket) => socket.destroy()));
  const head = `PUT ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n`;
  for (const socket of stalled) {
    socket.on("error", () => {});
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
  }
  const client = httpChunks(url.href, { coding, attemptCount: 1 });
  await client.put(chunk);
  expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
});

test("what is no chunk is refused with the status that desync gives", async () => {
  const { store } = freshStore();
  const url = await listen({}, store);
  await store.put(chunk);
  const status = async (path: string, init?: RequestInit, at = url) => {
    const response = await fetch(at + path, init);
    await response.arrayBuffer();
    return response.status;
  };
  const missing = `/${chunkPath(new Uint8Array(32), ".cacnk")}`;
  expect(await status(path)).toBe(200);
  expect(await status(path, { method: "HEAD" })).toBe(200);
  expect(await status(missing)).toBe(404);
  expect(await status(missing, { method: "HEAD" })).toBe(404);
  for (const wrong of ["/", "/x", path.replace(".cacnk", ""), `/0000${path.slice(5)}`, `/a${path}`])
    expect([wrong, await status(wrong)]).toEqual([wrong, 400]);
  expect(await status(path, { method: "DELETE" })).toBe(405);
  expect(await status(path, { method: "PUT", body: "x" })).toBe(400);
  const writable = await listen({ writer: store }, store);
  expect(await status(missing, { method: "PUT", body: "not a chunk" }, writable)).toBe(400);
  const other = new Uint8Array(coding.encode(new Uint8Array(5)));
  expect(await status(missing, { method: "PUT", body: other }, writable)).toBe(400);
});

test("who has to show something is let in by it alone", async () => {
  const { store } = freshStore();
  await store.put(chunk);
  const url = await listen({ authorization: "Bearer right" }, store);
  const headers = { authorization: "Bearer right" };
  expect((await httpChunks(url, { coding, headers }).get(chunk.id)).bytes).toEqual(chunk.bytes);
  for (const authorization of ["Bearer wrong", "Bearer right and more", ""])
    await expect(httpChunks(url, { coding, headers: { authorization } }).get(chunk.id)).rejects.toMatchObject(
      {
        code: "UNAUTHORIZED",
      },
    );
});

const { test: testTls } = unless(noOpenssl);

testTls("chunks are served over TLS to who trusts the certificate", async () => {
  const tls = selfSigned();
  const { store } = freshStore();
  await store.put(chunk);
  const url = await listen({ tls }, store);
  const trusting = httpChunks(url, {
    coding,
    fetch: nodeFetch({ ca: tls.cert }),
  });
  expect((await trusting.get(chunk.id)).bytes).toEqual(chunk.bytes);
  expect(await trusting.has(chunk.id)).toBe(true);
  await expect(
    httpChunks(url, { coding, attemptCount: 1, fetch: nodeFetch({}) }).get(chunk.id),
  ).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("a store that fails is a failure of the server", async () => {
  const broken = {
    ...freshStore().store,
    stored: () => undefined,
    get: () => Promise.reject(new Error("disk")),
  };
  const url = await listen({}, broken as never);
  expect((await fetch(url + path)).status).toBe(500);
});

test("chunks beside a tree are not taken unless that is asked for", async () => {
  const { folder } = freshStore();
  for (const isWritable of [false, true]) {
    const served = serveChunks([folder], isWritable, { notice: () => {} });
    const server = createServer(
      (request, response) => void served.answer(request, response, request.url!.slice(1)),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const store = httpChunks(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      attemptCount: 1,
    });
    if (isWritable) await store.put(chunk);
    else await expect(store.put(chunk)).rejects.toMatchObject({ code: "IO" });
    expect(await store.has(chunk.id)).toBe(isWritable);
    server.closeAllConnections();
    server.close();
    await served.close();
  }
});
