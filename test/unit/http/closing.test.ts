import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer } from "../../../src/http/server.node.ts";
import type { Share, SharedFile } from "../../../src/http/share.ts";
import { wishlistBytes } from "../../../src/remotesync/wishlist.ts";
import type { Bytes } from "../../../src/types.ts";
import { never, noise, rawConnection, sharedBytes } from "./serving.ts";

describe("a server that closes", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rsync-stream-closing-"));
    writeFileSync(join(folder, "file"), noise(1000));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Asks, closes the server once it answers, and returns what it said. */
  async function heardUntilClosed(
    options: Parameters<typeof createServer>[0],
    asked: Bytes = new Uint8Array(0),
  ): Promise<string> {
    const server = createServer({ stallMs: 0, ...options });
    const client = await rawConnection(portOf(await server.listen()));
    client.say(post);
    client.say(asked);
    await client.until(/200 OK/);
    await server.close();
    return client.closed;
  }

  test("ends a transfer whose client says nothing", async () => {
    expect(await heardUntilClosed({ root: folder })).not.toMatch(ended);
  });

  test("ends a transfer that waits for a chunk which is still to come", async () => {
    const file = await sharedBytes(noise(1000));
    const waiting: SharedFile = { ...file, chunk: (_, { signal }) => never(signal!) };
    const share: Share = { openFile: async () => waiting };
    expect(await heardUntilClosed({ share }, wishes(1))).not.toMatch(ended);
  });

  test("ends a transfer whose client takes nothing", async () => {
    const { info, ...file } = await sharedBytes(new Uint8Array(131_072));
    const chunks = Array.from({ length: 400 }, () => info.chunks[0]!);
    const openFile = async () => ({ ...file, info: { ...info, chunks } });
    const server = createServer({ stallMs: 0, share: { openFile } });
    const client = await rawConnection(portOf(await server.listen()));
    client.say(post);
    await client.until(/200 OK/);
    client.socket.pause();
    client.say(wishes(chunks.length));
    await server.close();
    client.socket.destroy();
  });

  test("refuses who waits for a file to be opened", async () => {
    let tell = (): void => {};
    const opening = new Promise<void>((resolve) => (tell = resolve));
    const openFile: Share["openFile"] = (_, { signal }) => {
      tell();
      return never(signal!);
    };
    const server = createServer({ share: { openFile } });
    const client = await rawConnection(portOf(await server.listen()));
    client.say(`GET /file HTTP/1.1\r\n${host}\r\n`);
    await opening;
    await server.close();
    expect(await client.closed).toMatch(/^HTTP\/1.1 503 [^]*the server is closing/);
  });

  test("lets a transfer end that does so within its grace", async () => {
    const file = await sharedBytes(noise(100));
    const server = createServer({ share: { openFile: async () => file } });
    const client = await rawConnection(portOf(await server.listen()));
    client.say(post);
    await client.until(/200 OK/);
    const closing = server.close(600_000);
    client.say(wishes(1));
    expect(await client.closed).toMatch(ended);
    await closing;
  });
});

const host = "Host: localhost\r\n";
const post = `POST /file HTTP/1.1\r\n${host}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
const ended = /\r\n0\r\n\r\n$/;

/** A wishlist that asks for everything, as the whole body of a request. */
function wishes(positionCount: number): Bytes {
  const bits = Buffer.alloc(wishlistBytes(positionCount), 0xff);
  return Buffer.concat([Buffer.from(`${bits.length.toString(16)}\r\n`), bits, Buffer.from("\r\n0\r\n\r\n")]);
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
