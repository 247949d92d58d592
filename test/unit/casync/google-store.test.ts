import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { openIndexStore, splitIndexPlace } from "../../../src/casync/open-index-store.node.ts";
import { openChunkReader, openChunkWriter, openKeptChunks } from "../../../src/casync/open-store.node.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import { collect, inBlocks } from "./vectors.ts";

/** A server with the objects of buckets, and what it was asked. */
async function objectServer() {
  const objects = new Map<string, Buffer>();
  const signed = new Set<boolean>();
  const server = createServer((request, response) => {
    const key = decodeURIComponent(request.url!.replace(/\?.*/, ""));
    signed.add((request.headers.authorization ?? "").startsWith("AWS4-HMAC-SHA256 Credential=me/"));
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (request.method === "PUT") objects.set(key, Buffer.concat(parts));
      const found = objects.get(key);
      if (request.method === "DELETE") objects.delete(key);
      const length = /^(?:GET|HEAD)$/.test(request.method!) ? (found?.length ?? 0) : 0;
      const headers = { etag: '"1"', "last-modified": new Date().toUTCString(), "content-length": length };
      response.writeHead(found ? 200 : 404, headers);
      response.end(request.method === "GET" ? found : undefined);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hmac = { accessKey: "me", secretKey: "secret" };
  return { objects, signed, options: { google: () => ({ endpoint, hmac }) } };
}

test("a bucket of Google is a store of chunks and of indexes", async () => {
  const { objects, signed, options } = await objectServer();
  const chunk = chunkOf(new TextEncoder().encode("kept at Google".repeat(9)), sha512_256Digest);
  await using store = openChunkWriter("gs://bucket/some/store/", options);
  await store.put(chunk);
  const hex = toHex(chunk.id);
  expect([...objects.keys()]).toEqual([`/bucket/some/store/${hex.slice(0, 4)}/${hex}.cacnk`]);
  await using reader = openChunkReader(
    ["gs://bucket/none|gs://bucket/none", "gs://bucket/some/store"],
    options,
  );
  expect((await reader.get(chunk.id)).bytes).toEqual(chunk.bytes);
  await using kept = openKeptChunks("gs://bucket/some/store", options);
  await kept.delete(chunk.id);
  expect(await reader.has(chunk.id)).toBe(false);

  const { store: place, name } = splitIndexPlace("gs://bucket/indexes/a.caibx")!;
  const indexes = openIndexStore(place, options);
  const index = Buffer.concat(await collect(makeIndex(inBlocks(new Uint8Array(9)))));
  await indexes.write(name, inBlocks(index));
  expect(objects.get("/bucket/indexes/a.caibx")?.equals(index)).toBe(true);
  expect(await indexes.has(name)).toBe(true);
  expect([...signed]).toEqual([true]);
  expect(() => openChunkWriter("gs://", options)).toThrow(/no bucket is named/);
});
