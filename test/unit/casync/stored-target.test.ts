import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { closingInTheEnd } from "../../../src/bytes/closing.ts";
import { fromHex } from "../../../src/bytes/hex.ts";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { casyncChunks, storedTarget } from "../../../src/casync/stored-target.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { type SendOptions, sendTree } from "../../../src/session/send.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { collect } from "./vectors.ts";

const blob = xorshiftBytes(3, 600_000);
const changed = blob.slice();
changed.fill(1, 300_000, 300_100);

/** A folder with two versions of a tree and a place for a store. */
function versions() {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-stored-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  for (const [name, bytes, timeSec] of [
    ["v1", blob, 1000],
    ["v2", changed, 2000],
  ] as const) {
    mkdirSync(at(name));
    writeFileSync(join(at(name), "blob"), bytes);
    writeFileSync(join(at(name), "small"), name);
    writeFileSync(join(at(name), "empty"), "");
    for (const file of ["blob", "small", "empty"]) utimesSync(join(at(name), file), timeSec, timeSec);
  }
  return { at, store: at("all.castr") };
}

const chunkFiles = (store: string): string[] =>
  readdirSync(store, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".cacnk"));

test("what one version left in the store need not come for the next", async () => {
  const { at, store } = versions();
  const first = await transfer(`${at("v1")}/`, at("a"), { store });
  expect(first).toMatchObject({ receivedBytes: blob.length + 2 });
  const second = await transfer(`${at("v2")}/`, at("b"), { store });
  expect(readFileSync(join(at("b"), "blob")).equals(changed)).toBe(true);
  expect(readFileSync(join(at("b"), "small"), "utf8")).toBe("v2");
  // The bytes that differ lie in one chunk or two.
  expect((second as { receivedBytes: number }).receivedBytes).toBeLessThan(2 * 262_144);
  expect(await transfer(`${at("v1")}/`, at("c"), { store })).toMatchObject({ receivedBytes: 0 });
});

test("an old version in the target is used, and leaves what is new in the store", async () => {
  const { at, store } = versions();
  await transfer(`${at("v1")}/`, at("a"));
  const summary = await transfer(`${at("v2")}/`, at("a"), { store });
  expect(readFileSync(join(at("a"), "blob")).equals(changed)).toBe(true);
  expect((summary as { receivedBytes: number }).receivedBytes).toBeLessThan(2 * 262_144);
  expect(chunkFiles(store).length).toBeLessThan(4);
});

test("chunks are those of an index of the same content", async () => {
  const { at, store } = versions();
  const castr = castrStore(store, { create: true });
  await collect(
    makeIndex(
      (async function* () {
        yield blob;
      })(),
      { store: castr },
    ),
  );
  await castr.close();
  expect(await transfer(`${at("v1")}/`, at("a"), { store })).toMatchObject({ receivedBytes: 2 });
});

test("a server sends what a store here has chunks of, and has no store itself", async () => {
  const { at, store } = versions();
  await using server = createServer({ root: at("v1") });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  await transfer(`${at("v2")}/`, at("a"), { store });
  const { receivedBytes } = (await transfer(`${url}`, at("b"), { store })) as { receivedBytes: number };
  expect(receivedBytes).toBeLessThan(2 * 262_144);
  expect(readFileSync(join(at("b"), "blob")).equals(blob)).toBe(true);
  await expect(transfer(`${at("v2")}/`, url, { store })).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

async function send(from: string, to: string, store: string, options: SendOptions) {
  const [left, right] = duplexPair();
  const source = await openTreeSource(`${from}/`);
  const target = storedTarget(await openTreeTarget(to), castrStore(store, { create: true }));
  const [sent, received] = await Promise.allSettled([
    closingInTheEnd(
      () => sendTree(source, left, options),
      () => source.close(),
    ),
    receiveTree(target, right, { duplex: options.mode !== "one-way" }),
  ]);
  return { sent, received };
}

test("a stream that goes one way fills the store", async () => {
  const { at, store } = versions();
  const { received } = await send(at("v1"), at("a"), store, { ...casyncChunks, mode: "one-way" });
  expect(received.status).toBe("fulfilled");
  expect(await transfer(`${at("v1")}/`, at("b"), { store })).toMatchObject({ receivedBytes: 0 });
});

test("chunks of other names are refused", async () => {
  const { at, store } = versions();
  const { received } = await send(at("v1"), at("a"), store, {});
  expect(received).toMatchObject({ status: "rejected", reason: { code: "UNSUPPORTED", remote: false } });
});

test("a damaged chunk comes, and is put in the place of the damaged one", async () => {
  const { at, store } = versions();
  await transfer(`${at("v1")}/`, at("a"), { store });
  const files = chunkFiles(store);
  for (const file of files) writeFileSync(join(store, file), "no chunk");
  expect(await transfer(`${at("v1")}/`, at("b"), { store })).toMatchObject({
    receivedBytes: blob.length + 2,
  });
  await using mended = castrStore(store);
  for (const file of files) await mended.get(fromHex(file.slice(5, 69)));
});

test("a chunk of another length than the list says has to come", async () => {
  const { at, store } = versions();
  const castr = castrStore(store, { create: true });
  const chunk = chunkOf(blob.subarray(0, 100), casyncChunks.digest);
  await castr.put(chunk);
  const target = storedTarget(await openTreeTarget(at("a")), castr);
  const onTrouble = (): void => {};
  await target.open({ ...casyncChunks, layout: "named", search: false, onTrouble });
  const entry = { depth: 0, name: Buffer.from("a"), mode: 0o644, mtimeSec: 0, mtimeNsec: 0 };
  await target.plan([{ ...entry, kind: "file", size: 201 }], 0);
  const lists = [
    { entry: 0, offset: 0, ids: chunk.id, sizes: [101] },
    { entry: 0, offset: 101, ids: chunk.id, sizes: [100] },
  ];
  expect(await target.place(lists)).toEqual([Uint8Array.of(0), Uint8Array.of(1)]);
  await target.close();
});

test("the chunks of several files are fetched at the same time", async () => {
  const { at, store } = versions();
  const castr = castrStore(store, { create: true });
  const chunks = [1, 2, 3, 4].map((seed) => chunkOf(xorshiftBytes(seed, 100), casyncChunks.digest));
  for (const chunk of chunks) await castr.put(chunk);
  let [underWayCount, mostCount] = [0, 0];
  const slow = override(castr, {
    async get(id, options) {
      mostCount = Math.max(mostCount, ++underWayCount);
      await new Promise(setImmediate);
      underWayCount -= 1;
      return castr.get(id, options);
    },
  });
  const target = storedTarget(await openTreeTarget(at("a")), slow);
  await target.open({ ...casyncChunks, layout: "named", search: false, onTrouble: () => {} });
  const file = { depth: 0, mode: 0o644, mtimeSec: 0, mtimeNsec: 0, kind: "file", size: 100 } as const;
  await target.plan([{ ...file, name: Buffer.from("."), kind: "dir" }], 0);
  await target.plan(
    chunks.map((_, i) => ({ ...file, depth: 1, name: Buffer.from(`f${i}`) })),
    1,
  );
  const lists = chunks.map(({ id }, i) => ({ entry: i + 1, offset: 0, ids: id, sizes: [100] }));
  expect(await target.place(lists)).toEqual(chunks.map(() => Uint8Array.of(1)));
  await target.close();
  expect(mostCount).toBe(chunks.length);
});
