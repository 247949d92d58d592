import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Database } from "node-sqlite3-wasm";
import { cutBlocks } from "../../../../src/archive/tar-like/cut-blocks.ts";
import { sendBlocks, type SendBlocksOptions } from "../../../../src/archive/tar-like/send-blocks.node.ts";
import type { SyncError } from "../../../../src/errors.ts";
import { freshDir } from "../indexed-trees.ts";
import {
  blockCountOf,
  cutShort,
  oldReceiver,
  oldRows,
  type OldFiles,
  type OldRow,
  plantOld,
} from "./old-ends.ts";

let [dir, root, source, table] = ["", "", "", ""];

beforeEach(() => {
  dir = freshDir();
  [root, source, table] = [join(dir, "root"), join(dir, "source"), join(dir, "table")];
  mkdirSync(root);
});

const plant = (files: OldFiles): OldRow[] => plantOld(source, table, files);

const example = {
  "a/big": randomBytes(2500),
  b: "twelve bytes",
  "a/c": randomBytes(999),
  last: randomBytes(730),
};

const send = (url: string, options: SendBlocksOptions = {}) =>
  sendBlocks(source, table, `${url}/0`, { blockBytes: 1000, http: {}, ...options });

/** A receiver that answers as it is told, and counts requests. */
async function answering(answer: (path: string) => { status: number; body: string } | undefined) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url!);
    request.resume();
    const told = answer(request.url!);
    if (!told) return void request.socket.destroy();
    request.on("end", () => response.writeHead(told.status).end(told.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tar`, paths };
}

test("the receiver of tar-like gets all of it", async () => {
  plant(example);
  const { url } = await oldReceiver(root);
  const sent = await send(url);
  expect(sent).toMatchObject({ blocks: 5, archiveBlocks: 5, newBytes: 4241, failedBlocks: 0, lostFiles: 0 });
  for (const [path, content] of Object.entries(example))
    expect(readFileSync(join(root, path)).equals(Buffer.from(content)), path).toBe(true);
});

test("only the blocks that are asked for are sent", async () => {
  plant(example);
  const { url, takes } = await oldReceiver(root);
  expect(await send(url, { first: 1, last: 2 })).toMatchObject({ blocks: 2, newBytes: 2000 });
  expect([0, 1, 2, 3].map((number) => takes(`/any/tar/0/1000/${number}`))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("a later run sends what an earlier one has not, of the same table alone", async () => {
  plant(example);
  const { url } = await oldReceiver(root);
  const state = join(dir, "state");
  await send(url, { first: 1, last: 2, state });
  writeFileSync(state, "3", { flag: "a" }); // cut off in the middle of 3...
  expect(await send(url, { state })).toMatchObject({ blocks: 5, doneBytes: 4241, newBytes: 2241 });
  plant({ ...example, more: "more" });
  await expect(send(url, { state })).rejects.toMatchObject({ code: "STATE", detail: { path: state } });
});

test("the table is closed whatever fails", async () => {
  plant(example);
  const closed = vi.spyOn(Database.prototype, "close");
  onTestFinished(() => void closed.mockRestore());
  const state = join(dir, "state");
  writeFileSync(state, "of another program\n");
  await expect(send("http://127.0.0.1:1/tar", { state })).rejects.toMatchObject({ code: "STATE" });
  expect(closed).toHaveBeenCalledTimes(1);
});

test("blocks of a file that has to be sent again are sent again by a later run", async () => {
  plant(example);
  let refuses = true;
  const { url, paths } = await answering((path) => {
    const number = Number(path.split("/").at(-1));
    if (number === 1 && refuses)
      return { status: 412, body: JSON.stringify({ error: { code: "CHANGED", message: "once more" } }) };
    return { status: 200, body: JSON.stringify({ rc: "", blk_no: number, blk_size: 1000, frags: 1 }) };
  });
  const state = join(dir, "state");
  await send(url, { first: 2, state });
  const failing = send(url, { first: 0, last: 1, blockCount: 1, state });
  await expect(failing).rejects.toMatchObject({ code: "CHANGED" });
  refuses = false;
  paths.length = 0;
  // The file that fills block 1 begins in the one before it and ends in the one behind it.
  expect(await send(url, { state })).toMatchObject({ blocks: 5, newBytes: 3000 });
  expect(paths.slice(1).map((path) => path.split("/").at(-1))).toEqual(["0", "1", "2"]);
  expect(await send(url, { state })).toMatchObject({ blocks: 5, newBytes: 0 });
});

test("blocks are cut as tar-like cuts them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { maxLength: 20 }),
      fc.integer({ min: 1, max: 60 }),
      (sizes, blockBytes) => {
        const files = sizes.map((size, at) => [`${at}`, Buffer.alloc(size, at)] as const);
        const rows = oldRows(files);
        const blocks = [...cutBlocks([rows.map((row) => ({ ...row, md5: row.hash }))], blockBytes)];
        expect(blocks.map(({ number }) => number)).toEqual(
          Array.from({ length: blockCountOf(rows, blockBytes) }, (_, at) => at),
        );
        const archive = Buffer.concat(files.map(([, content]) => content));
        for (const { number, bytes, parts } of blocks) {
          const content = Buffer.concat(
            parts.map(({ file, from, to }) => files[Number(file.path)]![1].subarray(from, to)),
          );
          expect(content.equals(archive.subarray(number * blockBytes, (number + 1) * blockBytes))).toBe(true);
          expect(bytes).toBe(content.length);
        }
      },
    ),
  );
});

test("tar-like 1: tells of empty files that the receiver of tar-like does not make", async () => {
  plant({ first: "", a: "x".repeat(1000), between: "", b: "y", inside: "" });
  const { url } = await oldReceiver(root);
  expect(await send(url)).toMatchObject({ lostFiles: 2 });
});

test("tar-like 2: a file that changed is told, its block is not sent, and the others are", async () => {
  plant({ a: "a".repeat(1000), b: "b".repeat(1000), c: "c".repeat(1000) });
  cutShort(join(source, "b"), 999);
  const { url, takes } = await oldReceiver(root);
  const troubles: SyncError[] = [];
  expect(await send(url, { onTrouble: (error) => troubles.push(error) })).toMatchObject({
    blocks: 2,
    failedBlocks: 1,
  });
  expect(troubles.map(({ code, detail }) => [code, detail.path])).toEqual([["CHANGED", "b"]]);
  writeFileSync(join(source, "b"), "x".repeat(1000));
  expect(await send(url)).toMatchObject({ failedBlocks: 1 });
  expect(takes("/any/tar/0/1000/1")).toBe(false);
});

test("tar-like 3: a receiver that does nothing with a block is not believed", async () => {
  plant(example);
  const frags0 = { blk_size: 1000, frags: 0 };
  const { url, paths } = await answering((path) => {
    const body = path.endsWith("/db")
      ? { rc: "stored" }
      : { blk_no: Number(path.split("/").at(-1)), ...frags0 };
    return { status: 200, body: JSON.stringify(body) };
  });
  await expect(send(url, { blockCount: 1 })).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  expect(paths).toHaveLength(2);
});

test("tar-like 4: what the receiver refuses, or who is no receiver, ends in an error", async () => {
  plant(example);
  for (const [status, body, code] of [
    [403, "<html>", "UNAUTHORIZED"],
    [400, '{"error":{"code":"PATH","message":"no"}}', "PATH"],
    [200, "<html>", "BAD_MESSAGE"],
  ] as const) {
    const { url } = await answering(() => ({ status, body }));
    await expect(send(url)).rejects.toMatchObject({ code });
  }
});

test("tar-like 4: what may pass is tried again", async () => {
  plant({ a: "content" });
  let broken = 0;
  const { url, paths } = await answering((path) => {
    if (broken++ === 0) return undefined;
    const body = path.endsWith("/db") ? { rc: "stored" } : { blk_no: 0, blk_size: 1000, frags: 1 };
    return { status: 200, body: JSON.stringify(body) };
  });
  expect(await send(url)).toMatchObject({ blocks: 1 });
  expect(paths).toHaveLength(3);
});

test("tar-like 5: a missing file, a directory in its place, blocks past the end: all of it ends", async () => {
  plant({ a: "a".repeat(1000), b: "b".repeat(1000), c: "c".repeat(500) });
  rmSync(join(source, "a"));
  rmSync(join(source, "b"));
  mkdirSync(join(source, "b"));
  const { url } = await oldReceiver(root);
  const troubles: SyncError[] = [];
  const sent = await send(url, { last: 99, onTrouble: (error) => troubles.push(error) });
  expect(sent).toMatchObject({ blocks: 1, failedBlocks: 2 });
  expect(troubles).toMatchObject([
    { code: "NOT_FOUND", message: "no such file or directory", detail: { path: "a" } },
    { code: "CHANGED" },
  ]);
  expect(await send(url, { first: 50, last: 99 })).toMatchObject({ blocks: 0, archiveBlocks: 3 });
});

test("tar-like 5: a receiver that does not answer is left when the signal says so", async () => {
  plant({ a: "content" });
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.closeAllConnections());
  const control = new AbortController();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tar`;
  server.once("request", () => control.abort(new Error("enough")));
  await expect(send(url, { http: { signal: control.signal } } as SendBlocksOptions)).rejects.toThrow(
    "enough",
  );
});

/** A receiver whose answers begin as good ones, and go on as it is told. */
async function beginning(goOn: (response: ServerResponse, count: number) => void): Promise<string> {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-length": 16 });
      response.write('{"rc":', () => goOn(response, (count += 1)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/tar`;
}

test("tar-like 5: an answer that does not end is left in time, and when the signal says so", async () => {
  plant({});
  const control = new AbortController();
  const silent = await beginning(() => control.abort(new Error("enough")));
  await expect(send(silent, { http: { signal: control.signal } } as SendBlocksOptions)).rejects.toThrow(
    "enough",
  );
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const clock = setInterval(() => vi.advanceTimersByTime(30_000), 20);
  onTestFinished(() => clearInterval(clock));
  await expect(send(await beginning(() => {}))).rejects.toMatchObject({ code: "STALLED" });
});

test("tar-like 5: a table whose answer is cut off is sent again", async () => {
  plant({});
  const url = await beginning((response, count) => {
    if (count === 1) response.destroy();
    else response.end('"stored"} ');
  });
  expect(await send(url)).toMatchObject({ blocks: 0 });
});
