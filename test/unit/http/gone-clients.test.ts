import { createServer as createHttpServer } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { slotLimits } from "../../../src/http/slots.ts";
import { PassThrough } from "node:stream";
import { nodeStreamChannel } from "../../../src/transport/node-stream.node.ts";
import { sharedBytes } from "./serving.ts";

const root = mkdtempSync(join(tmpdir(), "rsync-stream-gone-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, "file"), Buffer.alloc(3_000_000, "content"));

const head = (line: string, ...more: string[]): string =>
  [`${line} HTTP/1.1`, "Host: 127.0.0.1", ...more, "", ""].join("\r\n");

const asked: Readonly<Record<string, string>> = {
  "for what a file is": head("GET /file"),
  "for a file that is not there": head("GET /none"),
  "for the bytes of a file": head("GET /file?view=content"),
  "for names": head("GET /?view=names"),
  "for chunks": head("POST /file", "Connection: close", "Content-Length: 1") + "\x00",
  "for all of it behind one another": head("GET /file?view=content").repeat(3) + head("GET /file").repeat(3),
  "for a session": head(
    "POST /?session=pull",
    "Content-Type: application/vnd.rsync-stream",
    "Transfer-Encoding: chunked",
  ),
  "for a WebSocket": head(
    "GET /?session=pull",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: rsync-stream.1",
  ),
};

/** Asks and leaves without a look at the answer; resolves when the connection is gone. */
async function askAndLeave(port: number, request: string, leave: (socket: Socket) => void): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.once("connect", () => socket.write(request, () => leave(socket)));
  await closed;
}

const leaving: Readonly<Record<string, (socket: Socket) => void>> = {
  "with an end": (socket) => socket.end(() => socket.destroy()),
  "with a reset": (socket) => socket.resetAndDestroy(),
};

describe.each(Object.entries(asked))("who asks %s and goes at once", (_, request) => {
  test.each(Object.entries(leaving))("gives up its place: %s", async (__, leave) => {
    const server = createServer({ root });
    const url = await server.listen();
    const port = Number(new URL(url).port);
    const count = slotLimits.sessionsPerAddressCount + 8;
    for (let at = 0; at < count; at += 8)
      await Promise.all(Array.from({ length: 8 }, () => askAndLeave(port, request, leave)));
    const sessions = async (): Promise<string> =>
      /^rsync_stream_sessions .*/m.exec(await textOf(`${url}metrics`))![0];
    await expect.poll(sessions).toBe("rsync_stream_sessions 0");
    expect((await fetch(`${url}file`)).status).toBe(200);
    await server.close(3_600_000); // of nobody that it would wait for
  });
});

test("a handler that is mounted elsewhere ends with a client that asked for much behind one another", async () => {
  const file = await sharedBytes(Buffer.alloc(1_000_000, "file"));
  let under = 0;
  const server = createHttpServer((request, response) => {
    under += 1;
    void handleCafs(request, response, async () => file).finally(() => (under -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await askAndLeave(port, head("GET /").repeat(20), leaving["with a reset"]!);
  await expect.poll(() => under).toBe(0);
  await new Promise((resolve) => server.close(resolve));
});

test("a channel over a stream that is closed already fails at once", async () => {
  const stream = new PassThrough();
  stream.destroy();
  await new Promise((resolve) => stream.once("close", resolve));
  const channel = nodeStreamChannel(stream, stream);
  await expect(channel.write(new Uint8Array(3_000_000))).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(channel.end()).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(channel.read()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "PEER_GONE" });
});

async function textOf(url: string): Promise<string> {
  return (await fetch(url, { headers: { Connection: "close" } })).text();
}
