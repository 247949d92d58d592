import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { indexServer, type IndexServerOptions } from "../../../src/casync/chunk-server.node.ts";
import { httpIndexes } from "../../../src/casync/index-store.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { dirIndexes, openIndexStore, splitIndexPlace } from "../../../src/casync/open-index-store.node.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { inBlocks } from "./vectors.ts";

async function anIndex(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of makeIndex(inBlocks(xorshiftBytes(8, 400_000)))) parts.push(part);
  return concatBytes(parts);
}

async function served(options: IndexServerOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-indexes-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = indexServer(dirIndexes(folder), options);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { folder, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const statusOf = async (url: string, method = "GET", body?: string | Uint8Array) =>
  (await fetch(url, { method, ...(body !== undefined && { body: body as BodyInit }) })).status;

test("indexes are served by their names, and taken when that is allowed", async () => {
  const index = await anIndex();
  const { folder, url } = await served({ isWritable: true });
  const indexes = httpIndexes(url);
  expect([await indexes.has("a.caibx"), await indexes.read("a.caibx")]).toEqual([false, undefined]);
  await indexes.write("a b.caibx", inBlocks(index));
  expect(readFileSync(join(folder, "a b.caibx")).equals(index)).toBe(true);
  expect(await indexes.has("a b.caibx")).toBe(true);
  const read: Uint8Array[] = [];
  for await (const part of (await indexes.read("a b.caibx"))!) read.push(part);
  expect(Buffer.concat(read).equals(index)).toBe(true);
  // The last part of a path counts, as desync has it.
  expect(await statusOf(`${url}/some/where/a%20b.caibx`)).toBe(200);
});

test("what is no index is neither taken nor given, and no name leads elsewhere", async () => {
  const { folder, url } = await served({ isWritable: true });
  const index = await anIndex();
  expect(await statusOf(`${url}/x.caibx`, "PUT", "no index")).toBe(415);
  expect(await statusOf(`${url}/x.caibx`, "PUT", index.subarray(0, index.length - 1))).toBe(415);
  expect(await statusOf(`${url}/x.caibx`, "PUT", concatBytes([index, new Uint8Array(1)]))).toBe(415);
  expect(readdirSync(folder)).toEqual([]);
  writeFileSync(join(folder, "secret"), "words ".repeat(50));
  expect(await statusOf(`${url}/secret`)).toBe(400);
  expect(await statusOf(`${url}/..%2fsecret`)).toBe(400);
  expect(await statusOf(`${url}/`)).toBe(400);
  expect(await statusOf(`${url}/%ff`)).toBe(400);
  expect(await statusOf(`${url}/secret`, "DELETE")).toBe(405);
});

test("nothing is taken, and nobody let in, unless that is allowed", async () => {
  const { folder, url } = await served({ authorization: "Bearer word" });
  const index = await anIndex();
  expect(await statusOf(`${url}/a.caibx`)).toBe(401);
  const indexes = httpIndexes(url, { headers: { authorization: "Bearer word" } });
  await expect(indexes.write("a.caibx", inBlocks(index))).rejects.toThrow(/400/);
  expect(readdirSync(folder)).toEqual([]);
});

test("what is meant for one server is not shown to another that it leads to", async () => {
  const index = await anIndex();
  const shown: unknown[] = [];
  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const note = ({ headers }: IncomingMessage): void => void shown.push(headers["x-key"]);
  const other = await serve((request, response) => {
    note(request);
    response.end(index);
  });
  const url = await serve((request, response) => {
    note(request);
    response.writeHead(302, { location: `${other}${request.url}`, connection: "close" }).end();
  });
  const content = await httpIndexes(url, { headers: { "x-key": "word" } }).read("a.caibx");
  for await (const part of content!) expect(Buffer.compare(part, index)).toBe(0);
  expect(shown).toEqual(["word", undefined]);
});

test("a place of an index is a store and a name", () => {
  expect(splitIndexPlace("some/a.caibx")).toBeUndefined();
  expect(splitIndexPlace("http://host/x/a%20b.caibx")).toEqual({ store: "http://host/x", name: "a b.caibx" });
  expect(splitIndexPlace("s3+http://host/b/p/a.caibx?lookup=path")).toEqual({
    store: "s3+http://host/b/p?lookup=path",
    name: "a.caibx",
  });
  expect(() => splitIndexPlace("http://host/x/..%2fa")).toThrow(/no name/);
  expect(() => openIndexStore("ftp://host/x")).toThrow(/ftp/);
});
