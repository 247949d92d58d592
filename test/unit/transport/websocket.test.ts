import type { AddressInfo } from "node:net";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ChannelDuplex } from "../../../src/transport/channel.ts";
import {
  connectWebSocket,
  maxMessageBytes,
  webSocketDuplex,
  type WebSocketLike,
} from "../../../src/transport/websocket.ts";
import {
  connectWs,
  listenWs,
  type ListenWsOptions,
  socketOptions,
  wsDuplex,
  type WsListener,
} from "../../../src/transport/ws.node.ts";

let listener: WsListener | undefined;
afterEach(() => listener?.close());

/** A server's end as a duplex and the other end as a bare socket, to send what no channel would. */
async function pair(options: ListenWsOptions = {}): Promise<{ duplex: ChannelDuplex; socket: WebSocket }> {
  const connected = new Promise<ChannelDuplex>((resolve) => {
    void listenWs(resolve, options).then((made) => (listener = made));
  });
  await expect.poll(() => listener?.url).toBeDefined();
  const socket = new WebSocket(listener!.url);
  socket.on("error", () => {});
  const opened = new Promise((resolve) => socket.once("open", resolve));
  await opened;
  return { duplex: await connected, socket };
}

afterEach(() => (listener = undefined));

async function drain({ channel }: ChannelDuplex): Promise<number> {
  let sizeBytes = 0;
  for await (const block of channel.read()) sizeBytes += block.length;
  return sizeBytes;
}

function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) =>
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
}

test("loses nothing of what the server says at once", async () => {
  listener = await listenWs(async ({ channel }) => {
    await channel.write(new Uint8Array(3));
    await channel.end();
  });
  for (let count = 0; count < 50; count++) {
    const duplex = await connectWs(listener.url);
    expect(await drain(duplex)).toBe(3);
    await duplex.channel.end();
  }
});

test("refuses a text message", async () => {
  const { duplex, socket } = await pair();
  socket.send("hello");
  await expect(drain(duplex)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
});

test("refuses a message longer than any that a channel sends", async () => {
  const { duplex, socket } = await pair();
  socket.send(new Uint8Array(maxMessageBytes + 1));
  await expect(drain(duplex)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("refuses a message in crumbs", async () => {
  const { duplex, socket } = await pair();
  for (let i = 0; i < 131_000; i++) socket.send("x", { binary: true, fin: false });
  await expect(drain(duplex)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("takes a message in pieces", async () => {
  const { duplex, socket } = await pair();
  for (let i = 0; i < 100; i++) socket.send(new Uint8Array(100), { fin: i === 99 });
  socket.send(new Uint8Array(0));
  expect(await drain(duplex)).toBe(10_000);
});

test("a flood of pings leaves no heap of answers", async () => {
  const server = new WebSocketServer({ ...socketOptions, port: 0 });
  onTestFinished(() => server.close());
  const flooder = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => flooder.terminate());
  const accepted = await new Promise<WebSocket>((resolve) => server.once("connection", resolve));
  const duplex = wsDuplex(accepted);
  let pingCount = 0;
  accepted.on("ping", () => pingCount++);
  await expect.poll(() => flooder.readyState).toBe(flooder.OPEN);
  flooder.pause();
  for (let i = 0; i < 100_000; i++) flooder.ping(new Uint8Array(125));
  await expect.poll(() => pingCount).toBe(100_000);
  expect(accepted.bufferedAmount).toBeLessThan(2 * maxMessageBytes);
  expect(accepted.bufferedAmount).toBeGreaterThan(0); // or nothing was held back
  const answered = new Promise((resolve) =>
    flooder.on("pong", (data) => String(data) === "last" && resolve(1)),
  );
  flooder.resume();
  await expect.poll(() => accepted.bufferedAmount).toBe(0);
  flooder.ping("last");
  await answered;
  duplex.channel.abort(new Error("enough"));
});

test("takes the longest message", async () => {
  const { duplex, socket } = await pair();
  socket.send(new Uint8Array(maxMessageBytes));
  socket.send(new Uint8Array(0));
  expect(await drain(duplex)).toBe(maxMessageBytes);
});

test.each([
  [1000, "PEER_GONE"],
  [1001, "PEER_GONE"],
  [1003, "BAD_MESSAGE"],
  [1009, "LIMIT"],
  [1011, "PEER_GONE"],
  [4000, "PEER_GONE"],
])("a close with %i before the end is %s", async (closeCode, code) => {
  const { duplex, socket } = await pair();
  socket.send(new Uint8Array(3));
  socket.close(closeCode, "no more");
  const expected = { code, message: expect.stringContaining("no more") };
  await expect(drain(duplex)).rejects.toMatchObject(expected);
  await expect(duplex.channel.write(new Uint8Array(1))).rejects.toMatchObject({ code });
});

test("a connection that just vanishes is PEER_GONE", async () => {
  const { duplex, socket } = await pair();
  socket.terminate();
  await expect(drain(duplex)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("a socket that cannot be held back is cut off when it floods", async () => {
  const { duplex, socket } = await pair();
  socket.pause = undefined as never;
  const flooded = webSocketDuplex(socket, { receiveBytes: 1 << 20 });
  const pouring = (async () => {
    for (;;) await duplex.channel.write(new Uint8Array(256 << 10));
  })();
  await expect(pouring).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(drain(flooded)).rejects.toMatchObject({ code: "LIMIT" });
});

test("says why it aborted, as far as a close frame holds it", async () => {
  const { duplex, socket } = await pair();
  const closed = closeOf(socket);
  duplex.channel.abort(new Error("ä".repeat(200)));
  expect(await closed).toEqual({ code: 4000, reason: "ä".repeat(61) });
});

test("closes in good order when both directions ended", async () => {
  const { duplex, socket } = await pair();
  const closed = closeOf(socket);
  socket.send(new Uint8Array(0));
  await duplex.channel.end();
  expect((await closed).code).toBe(1000);
});

type SocketListener = Parameters<WebSocketLike["addEventListener"]>[1];

/** A socket whose bytes stay with it, until it is closed from the other end. */
function slowSocket() {
  const listeners = new Map<string, SocketListener>();
  const socket = {
    binaryType: "",
    readyState: 1,
    bufferedAmount: 0,
    send(data: Uint8Array) {
      socket.bufferedAmount += data.length + 6;
    },
    close() {
      socket.readyState = 2;
    },
    addEventListener: (type: string, listener: SocketListener) => void listeners.set(type, listener),
    tell(type: string, event: object) {
      if (type === "close") socket.readyState = 3;
      listeners.get(type)!({ type, ...event });
    },
  };
  return socket;
}

test.each([1000, 1006])(
  "a close with %i behind both ends is no loss, while ours is still on its way",
  async (code) => {
    const socket = slowSocket();
    const duplex = webSocketDuplex(socket);
    const ending = duplex.channel.end();
    socket.tell("message", { data: new ArrayBuffer(0) });
    socket.tell("close", { code, reason: "" });
    await ending;
    expect(await drain(duplex)).toBe(0);
  },
);

test("a close before the peer's end is a loss, though ours has been sent", async () => {
  const socket = slowSocket();
  const duplex = webSocketDuplex(socket);
  const ending = duplex.channel.end();
  socket.tell("close", { code: 1000, reason: "" });
  await expect(ending).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(drain(duplex)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("refuses requests of web pages, and too many connections", async () => {
  listener = await listenWs(() => {}, { maxConnectionCount: 1 });
  const { url } = listener;
  await expect(connectWs(url, { headers: { origin: "https://evil.example" } })).rejects.toMatchObject({
    code: "UNAUTHORIZED",
  });
  const first = await connectWs(url);
  await expect(connectWs(url)).rejects.toMatchObject({ code: "PEER_GONE" });
  first.channel.abort(new Error("over"));
});

test("what the handler throws breaks that connection", async () => {
  listener = await listenWs(() => {
    throw new Error("not you");
  });
  await expect(drain(await connectWs(listener.url))).rejects.toMatchObject({ message: /not you/ });
});

test("listening where it cannot is IO, connecting where nobody listens PEER_GONE", async () => {
  listener = await listenWs(() => {});
  const port = Number(new URL(listener.url).port);
  await expect(listenWs(() => {}, { port })).rejects.toMatchObject({ code: "IO" });
  await listener.close();
  await expect(connectWs(`ws://127.0.0.1:${port}`)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("connecting stops with the signal", async () => {
  listener = await listenWs(() => {});
  const reason = new Error("enough");
  await expect(connectWs(listener.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const abort = new AbortController();
  const connecting = connectWs(listener.url, { signal: abort.signal });
  abort.abort(reason);
  await expect(connecting).rejects.toBe(reason);
});

test("a platform without WebSocket is UNSUPPORTED", async () => {
  if (typeof globalThis.WebSocket !== "undefined") return;
  await expect(connectWebSocket("ws://127.0.0.1:1")).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
