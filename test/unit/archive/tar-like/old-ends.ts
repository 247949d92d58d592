import { createHash } from "node:crypto";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { decompressFrameSync } from "lz4-napi";
import { Database } from "node-sqlite3-wasm";
import { onTestFinished } from "vitest";
import { encodeFrame } from "../../../../src/archive/tar-like/frames.node.ts";
import type { Bytes } from "../../../../src/types.ts";

/** A row of the table as tar-like has it. */
export interface OldRow {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly offset: number;
  readonly offset_end: number;
  readonly hash: string;
}

/** The table that tar-like makes of files in this order. */
export function oldRows(files: readonly (readonly [path: string, content: string | Bytes])[]): OldRow[] {
  let offset = 0;
  return files.map(([path, content], id) => {
    const size = Buffer.byteLength(content);
    const hash = createHash("md5").update(content).digest("hex");
    const row = { id, path, size, offset, offset_end: offset + size - 1, hash };
    offset += size;
    return row;
  });
}

export function writeOldTable(path: string, rows: readonly OldRow[]): void {
  const database = new Database(path);
  database.exec(
    "CREATE TABLE tar (id INT64, path TEXT, size INT64, offset INT64, offset_end INT64, hash TEXT); BEGIN",
  );
  for (const { id, path, size, offset, offset_end: end, hash } of rows)
    // As bytes: a text would end at a zero byte.
    database.run("INSERT INTO tar VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?)", [
      ...[id, Buffer.from(path), size, offset, end, hash],
    ]);
  database.exec("COMMIT");
  database.close();
}

/** Files by their paths. */
export type OldFiles = Readonly<Record<string, string | Buffer>>;

/** Plants files below a directory, and makes the table of them in the place of an older one. */
export function plantOld(source: string, table: string, files: OldFiles): OldRow[] {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  const rows = oldRows(Object.entries(files));
  rmSync(table, { force: true });
  writeOldTable(table, rows);
  return rows;
}

/** What a block has of each file, as tar-like reckons it. */
function fragmentsOf(rows: readonly OldRow[], blockBytes: number, number: number) {
  const [from, to] = [number * blockBytes, number * blockBytes + blockBytes - 1];
  let at = 0;
  return rows
    .filter((row) => row.offset_end >= from && row.offset <= to)
    .map((row) => {
      const start = Math.max(0, from - row.offset);
      const length = Math.min(row.offset_end, to) - Math.max(row.offset, from) + 1;
      const fragment = { path: row.path, start, length, at };
      at += length;
      return fragment;
    });
}

export function blockCountOf(rows: readonly OldRow[], blockBytes: number): number {
  return Math.ceil(((rows.at(-1)?.offset_end ?? -1) + 1) / blockBytes);
}

/** The payload of a block; a file that became shorter shifts what follows. */
export function oldPayload(
  root: string,
  rows: readonly OldRow[],
  blockBytes: number,
  number: number,
): Buffer {
  const parts = fragmentsOf(rows, blockBytes, number).map(({ path, start, length }) =>
    readFileSync(join(root, path)).subarray(start, start + length),
  );
  return Buffer.concat(parts);
}

/** The answer to a table or a block that is sent as tar-like does it. */
export async function oldPut(url: string, frame: Bytes): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: "PUT", body: Buffer.from(frame) });
  return { status: response.status, text: await response.text() };
}

/** Sends a tree as tar-like does; returns the statuses of the blocks. */
export async function oldUpload(
  url: string,
  root: string,
  table: string,
  rows: readonly OldRow[],
  blockBytes: number,
): Promise<number[]> {
  await oldPut(`${url}/0/db`, await encodeFrame(readFileSync(table)));
  const numbers = Array.from({ length: blockCountOf(rows, blockBytes) }, (_, number) => number);
  return Promise.all(
    numbers.map(async (number) => {
      const frame = await encodeFrame(oldPayload(root, rows, blockBytes, number));
      return (await oldPut(`${url}/0/${blockBytes}/${number}`, frame)).status;
    }),
  );
}

/** A receiver that does what that of tar-like does, with all that is wrong with it. */
export async function oldReceiver(root: string): Promise<{ url: string; takes: (path: string) => boolean }> {
  const tables = new Map<string, OldRow[]>();
  const paths: string[] = [];
  const answer = async (request: IncomingMessage): Promise<object> => {
    const [archive = "", size = "", number = ""] = request.url!.endsWith("/db")
      ? request.url!.split("/").slice(-2)
      : request.url!.split("/").slice(-3);
    paths.push(request.url!);
    const body: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) body.push(part);
    const frame = Buffer.concat(body);
    if (size === "db") {
      const path = join(root, "..", `table-${archive}`);
      writeFileSync(path, decompressFrameSync(frame));
      const database = new Database(path, { readOnly: true });
      tables.set(archive, database.all("SELECT * FROM tar ORDER BY id") as unknown as OldRow[]);
      database.close();
      return { rc: `stored ${frame.length}` };
    }
    const fragments = fragmentsOf(tables.get(archive) ?? [], Number(size), Number(number));
    const payload = decompressFrameSync(frame);
    for (const { path, start, length, at } of fragments) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      const fd = openSync(join(root, path), "a");
      closeSync(fd);
      const file = openSync(join(root, path), "r+");
      writeSync(file, payload, at, length, start);
      closeSync(file);
    }
    const told = { blk_no: Number(number), blk_size: Number(size), frags: fragments.length };
    return { ...told, path: [archive, size, number].map(Number), dur: 0.1, in_len: frame.length };
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (value) => response.end(JSON.stringify(value)),
      () => request.socket.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/any/tar`, takes: (path) => paths.includes(path) };
}

/** Makes a file shorter. */
export function cutShort(path: string, bytes: number): void {
  const fd = openSync(path, "r+");
  ftruncateSync(fd, bytes);
  closeSync(fd);
}
