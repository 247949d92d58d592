import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { chunkAnswers } from "../../../src/casync/chunk-answers.node.ts";
import { nodeCoding } from "../../../src/casync/compressor.node.ts";
import { chunkPath } from "../../../src/casync/chunk-name.ts";
import { indexAnswers } from "../../../src/casync/index-answers.node.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { dirIndexes } from "../../../src/casync/open-index-store.node.ts";
import { httpChunks } from "../../../src/casync/http-chunks.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import { SyncError } from "../../../src/errors.ts";
import { keptIds } from "../../../src/cli/casync/mirrored-store.ts";
import { receiveChunks } from "../../../src/mirror/receive-chunks.ts";
import { sendChunks } from "../../../src/mirror/send-chunks.ts";
import { sessionSubprotocol, sessionUrl } from "../../../src/transport/session-request.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";
import { collect } from "../casync/vectors.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";

const reader = generateToken("reader", ["read"]);
const writer = generateToken("writer", ["read", "write"]);
const chunk = chunkOf(new Uint8Array(10_000).fill(7), sha512_256Digest);

/** A server of an empty tree and, when that is asked for, of a store of chunks. */
async function serving(options: Partial<ServerOptions> = {}, hasChunks = true) {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-chunks-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = castrStore(join(folder, "s.castr"), { create: true });
  const server = createServer({
    root: folder,
    tokens: [reader.token, writer.token],
    ...(hasChunks && { chunks: chunkAnswers(store, { writer: store }) }),
    ...options,
  });
  onTestFinished(() => server.close());
  const base = await server.listen({ host: "127.0.0.1", port: 0 });
  const as = (secret?: string) =>
    httpChunks(`${base}-/chunks/`, {
      coding: nodeCoding,
      attemptCount: 1,
      headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    });
  return { base, as, store };
}

test("chunks are read and written by whom the gate lets in", async () => {
  const { as, base, store } = await serving();
  await expect(as().get(chunk.id)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(as(reader.secret).get(chunk.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(as(reader.secret).put(chunk)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(await store.has(chunk.id)).toBe(false);
  await as(writer.secret).put(chunk);
  expect((await as(reader.secret).get(chunk.id)).bytes).toEqual(chunk.bytes);
  const headers = { authorization: `Bearer ${reader.secret}` };
  const figures = await (await fetch(`${base}metrics`, { headers })).text();
  expect(figures).toMatch(/^rsync_stream_chunks_requests_total\{status="404"\} 3$/m);
  expect(figures).toMatch(/^rsync_stream_sent_bytes_total\{via="chunks"\} \d+$/m);
});

function freshStore() {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-mirror-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return castrStore(folder);
}

/** A client that brings a store up to date with that of the server, or the other way round. */
async function mirroring(base: string, direction: "pull" | "push", secret: string) {
  const url = sessionUrl(`${base}-/chunks/`.replace("http", "ws"), direction);
  const headers = { authorization: `Bearer ${secret}` };
  return connectWs(url, { headers, protocols: [sessionSubprotocol] });
}

test("stores are brought up to date with that of a server, by whom the gate lets in", async () => {
  const coding = nodeCoding;
  const far = freshStore();
  const { base, store } = await serving({
    mirror: {
      pull: async (duplex, options) =>
        sendChunks(store, keptIds(store.kept()), duplex, { ...options, coding }),
      push: (duplex, options) => receiveChunks(store, duplex, { ...options, coding }),
    },
  });
  const chunks = [1, 2, 3].map((byte) => chunkOf(new Uint8Array(10_000).fill(byte), sha512_256Digest));
  await far.put(chunks[0]!);
  await far.put(chunks[1]!);
  await store.put(chunks[1]!);
  await store.put(chunks[2]!);
  await expect(mirroring(base, "push", reader.secret)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  await expect(mirroring(base, "pull", "nobody")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  const pulled = await receiveChunks(far, await mirroring(base, "pull", reader.secret), { coding });
  expect(pulled).toMatchObject({ listed: 2, moved: 1, failed: 0 });
  const push = await mirroring(base, "push", writer.secret);
  expect(await sendChunks(far, keptIds(far.kept()), push, { coding })).toMatchObject({ listed: 3, moved: 1 });
  for (const { id } of chunks) expect([await store.has(id), await far.has(id)]).toEqual([true, true]);
});

test("a server that offers no such thing says so", async () => {
  const { base } = await serving();
  await expect(mirroring(base, "pull", reader.secret)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const { base: failing } = await serving({
    mirror: { pull: async () => Promise.reject(new SyncError("IO", "the disk is gone")) },
  });
  const duplex = await mirroring(failing, "pull", reader.secret);
  const store = freshStore();
  await expect(receiveChunks(store, duplex)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("indexes are read and written by whom the gate lets in", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-indexes-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const indexes = indexAnswers(dirIndexes(folder), { isWritable: true });
  const { base } = await serving({ indexes });
  const index = Buffer.concat(await collect(makeIndex(content())));
  const ask = async (method: string, secret: string, body?: Uint8Array) => {
    const headers = { authorization: `Bearer ${secret}` };
    const response = await fetch(`${base}-/indexes/a.caibx`, {
      method,
      headers,
      ...(body && { body: body.slice() }),
    });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  expect(await ask("GET", reader.secret)).toMatchObject({ status: 404 });
  expect(await ask("PUT", reader.secret, index)).toMatchObject({ status: 401 });
  expect(await ask("PUT", writer.secret, index.subarray(1))).toMatchObject({ status: 415 });
  expect(await ask("PUT", writer.secret, index)).toMatchObject({ status: 200 });
  expect((await ask("GET", reader.secret)).bytes.equals(index)).toBe(true);
  expect(await ask("GET", "nobody")).toMatchObject({ status: 401 });
});

async function* content(): AsyncGenerator<Uint8Array> {
  yield chunk.bytes;
}

test("a request that is about no chunk, and one for chunks where there are none, are refused", async () => {
  const headers = { authorization: `Bearer ${writer.secret}` };
  const { base } = await serving();
  const path = chunkPath(chunk.id, ".cacnk");
  const other = chunkPath(new Uint8Array(32).fill(0xab), ".cacnk");
  const body = nodeCoding.encode(chunk.bytes).slice();
  for (const [method, name, status] of [
    ["PUT", other, 400],
    ["DELETE", path, 405],
    ["GET", "abcd/none.cacnk", 400],
    ["GET", `../${path}`, 404],
  ] as const) {
    const asked = { method, headers, ...(method === "PUT" && { body }) };
    const response = await fetch(`${base}-/chunks/${name}`, asked);
    expect([method, name, response.status]).toEqual([method, name, status]);
    await response.arrayBuffer();
  }
  const without = await serving({}, false);
  const refused = await fetch(`${without.base}-/chunks/${path}`, { headers });
  expect(refused.status).toBe(404);
  await refused.arrayBuffer();
});
