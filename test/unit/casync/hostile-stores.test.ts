import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { desyncTreeFeatures } from "../../../src/casync/features.ts";
import { httpChunks } from "../../../src/casync/http-chunks.ts";
import { httpIndexes, sftpIndexes } from "../../../src/casync/index-store.ts";
import { plainCoding } from "../../../src/casync/chunk-coding.ts";
import { encodeChunk, encodeHello } from "../../../src/casync/protocol.ts";
import { pulledChunks } from "../../../src/casync/pulled-chunks.ts";
import { SftpClient } from "../../../src/casync/sftp-client.ts";
import { sftpChunks } from "../../../src/casync/sftp-chunks.ts";
import { sftpStatus, sftpTypes as t } from "../../../src/casync/sftp-packets.ts";
import { treeSeed } from "../../../src/casync/tree-seed.node.ts";
import { ExactReader } from "../../../src/bytes/exact-reader.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";
import { collect } from "./vectors.ts";

/** Lies of servers and indexes that are well formed. */

const id = new Uint8Array(32);
const chunk = chunkOf(xorshiftBytes(3, 2000), sha512_256Digest);

/** A number of 32 bits. */
const word = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const text = (value: string): number[] => [...word(value.length), ...Buffer.from(value)];
const attributes = (size: readonly number[]): number[] => [...word(1 | 4), ...size, ...word(0o100_644)];
const handle = [t.handle, text("h")] as const;

type Answer = readonly [type: number, body: readonly number[]] | undefined;

/** A server of SFTP that answers each request by its type, and all that was asked of it. */
function sftpServer(answerTo: (type: number, body: Buffer) => Answer) {
  const [near, far] = duplexPair();
  const there = channelOf(far);
  const reader = new ExactReader(there.read());
  const asked: { readonly type: number; readonly body: Buffer }[] = [];
  const send = async (bytes: readonly number[]) =>
    there.write(Uint8Array.from([...word(bytes.length), ...bytes]));
  async function serve(): Promise<void> {
    for (;;) {
      const packet = Buffer.from(await reader.read(Buffer.from(await reader.read(4)).readUInt32BE(0)));
      const [type, number, body] = [packet[0]!, packet.subarray(1, 5), packet.subarray(5)];
      if (type === t.init) {
        await send([t.version, ...word(3)]);
        continue;
      }
      asked.push({ type, body });
      const answer = answerTo(type, body);
      if (answer) await send([answer[0], ...number, ...answer[1]]);
    }
  }
  serve().catch(() => {}); // the client is gone
  const client = new SftpClient(channelOf(near));
  onTestFinished(() => client.close());
  return { client, asked };
}

describe("a server of SFTP", () => {
  test("that answers nothing is left when the signal says so, whatever was asked", async () => {
    const { client } = sftpServer(() => undefined);
    const store = sftpChunks(client, "/s", { coding: plainCoding });
    const indexes = sftpIndexes(client, "/s");
    const end = new AbortController();
    const { signal } = end;
    const waits = [
      store.get(id, { signal }),
      store.has(id, { signal }),
      store.put(chunk, { signal }),
      store.delete(id, { signal }),
      store.sweep(0, { signal }),
      store.kept({ signal })[Symbol.asyncIterator]().next(),
      indexes.read("a", { signal }),
      indexes.has("a", { signal }),
      indexes.write("a", (async function* () {})(), { signal }),
    ];
    setImmediate(() => end.abort(new Error("enough")));
    const ends = await Promise.allSettled(waits);
    expect(ends.map((one) => one.status === "rejected" && (one.reason as Error).message)).toEqual(
      waits.map(() => "enough"),
    );
  });

  test("that lists nothing again and again is no directory", async () => {
    const { client } = sftpServer((type) => (type === t.opendir ? handle : [t.name, word(0)]));
    await expect(client.list("/s").next()).rejects.toMatchObject({ code: "UPSTREAM" });
  });

  test("that lists names without an end is left", async () => {
    const entry = [...text("x"), ...text("x"), ...word(0)];
    const names = [...word(10_000), ...Array.from({ length: 10_000 }, () => entry).flat()];
    const { client } = sftpServer((type) => (type === t.opendir ? handle : [t.name, names]));
    let count = 0;
    const list = async () => {
      for await (const _ of client.list("/s")) count++;
    };
    await expect(list()).rejects.toMatchObject({ code: "LIMIT", detail: { path: "/s" } });
    expect(count).toBe(1_000_000);
  });

  test("has nothing removed by a name that leads elsewhere", async () => {
    const names = ["0000", ".tmp-cacnk/../../../etc/passwd", `.tmp-cacnk${"0".repeat(9)}`];
    const listed = [...word(3), ...names.flatMap((name) => [...text(name), ...text(""), ...word(0)])];
    let answers = 0;
    const { client, asked } = sftpServer((type) => {
      if (type === t.opendir) return handle;
      if (type === t.readdir && answers++ < 2) return [t.name, listed];
      return [t.status, [...word(type === t.readdir ? sftpStatus.end : 0), ...text(""), ...text("")]];
    });
    expect(await sftpChunks(client, "/s", { coding: plainCoding }).sweep(0)).toBe(1);
    const removed = asked.filter(({ type }) => type === t.remove).map(({ body }) => `${body.subarray(4)}`);
    expect(removed).toEqual([`/s/0000/.tmp-cacnk${"0".repeat(9)}`]);
  });

  test.each([
    ["a size that nothing has", [255, 255, 255, 255, 255, 255, 255, 255], /^LIMIT$/],
    ["a size and nothing behind it", [0, 0, 0, 0, 0, 0, 7, 208], /^TRUNCATED$/],
    ["more than was asked for", [0, 0, 0, 0, 0, 0, 0, 9], /^TRUNCATED$/],
    ["no size", [0, 0, 0, 0, 0, 0, 0, 0], /^CORRUPT$/],
  ])("gives no chunk by %s", async (_, size, code) => {
    const { client } = sftpServer((type) => {
      if (type === t.stat) return [t.attrs, attributes(size)];
      if (type === t.open) return handle;
      if (type === t.read) return [t.data, size[7] === 9 ? text("longer than it may be") : text("")];
      return [t.status, [...word(0), ...text(""), ...text("")]];
    });
    const store = sftpChunks(client, "/s", { coding: plainCoding });
    await expect(store.get(id)).rejects.toMatchObject({ code: expect.stringMatching(code) as string });
  });

  test.each([t.version, t.handle, t.data, t.name, t.attrs])(
    "is refused that answers all by %i",
    async (type) => {
      const bodies: Readonly<Record<number, readonly number[]>> = {
        [t.name]: word(0),
        [t.attrs]: word(0),
        [t.version]: [],
      };
      const { client } = sftpServer(() => [type, bodies[type] ?? text("x")]);
      const store = sftpChunks(client, "/s", { coding: plainCoding });
      await expect(store.get(id)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:IO|TRUNCATED|CORRUPT|BAD_MESSAGE)$/) as string,
      });
      await expect(store.put(chunk)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:IO|BAD_MESSAGE)$/) as string,
      });
    },
  );
});

async function webServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("a server of HTTP", () => {
  test("that has nothing under the name of an index has not failed", async () => {
    let count = 0;
    const url = await webServer((_, response) => {
      count += 1;
      response.writeHead(200, { "content-length": 0 }).end();
    });
    const content = await httpIndexes(url, { retryMs: 1 }).read("a.caibx");
    const parts = await collect(content!);
    expect([Buffer.concat(parts).length, count]).toEqual([0, 1]);
  });

  test("that says a longer index than it sends, and one that nobody can hold", async () => {
    const said = { short: 500, long: 2 ** 40 } as const;
    const url = await webServer(({ url: path }, response) => {
      response.writeHead(200, { "content-length": said[path!.slice(1) as keyof typeof said] });
      response.write("x", () => path === "/short" && response.destroy());
    });
    const indexes = httpIndexes(url, { retryMs: 1, attemptCount: 1 });
    await expect(indexes.read("short")).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:PEER_GONE|TRUNCATED)$/) as string,
    });
    await expect(indexes.read("long")).rejects.toMatchObject({ code: "LIMIT" });
  });

  test("that gives the chunk of another, rightly made, is told from it", async () => {
    const url = await webServer((_, response) => void response.end(chunk.bytes));
    const store = httpChunks(url, { coding: plainCoding, attemptCount: 1 });
    await expect(store.get(id)).rejects.toMatchObject({ code: "CORRUPT" });
  });
});

test("chunks that nobody asked for end a connection", async () => {
  const [near, far] = duplexPair();
  const there = channelOf(far);
  const store = pulledChunks(channelOf(near), { coding: plainCoding });
  onTestFinished(() => store.close());
  const asked = store.get(id);
  await there.write(encodeHello(1n));
  await there.write(encodeChunk(chunk.id, chunk.bytes));
  await expect(asked).rejects.toMatchObject({ code: "BAD_MESSAGE" });
});

test("an index of tiny chunks has a tree cut into no more of them than are held", async () => {
  using temp = tempDir();
  writeFileSync(`${temp.path}/file`, xorshiftBytes(5, 20_000));
  const sizes = { minBytes: 1, averageBytes: 1, maxBytes: 1 };
  const header = { features: desyncTreeFeatures, sizes };
  const chunks = Array.from({ length: 256 }, (_, byte) => chunkOf(Uint8Array.of(byte), sha512_256Digest));
  const count = async (chunkCount: number) => {
    await using seed = treeSeed(temp.path, header, { chunkCount });
    const found = await Promise.all(chunks.map(async (one) => seed.has(one.id)));
    return found.filter(Boolean).length;
  };
  expect(await count(20)).toBeLessThan(21);
  expect(await count(21_000)).toBe(256);
});
