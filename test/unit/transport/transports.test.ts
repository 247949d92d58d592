import { execFileSync } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { afterAll, describe, it } from "vitest";
import { faultyDuplex } from "../../../src/testing/faulty-duplex.ts";
import { type TransportUnderTest, transportCases } from "../../../src/testing/transport-suite.ts";
import { openWidePipe } from "../../../src/transfer/wide-pipes.node.ts";
import { childProcessDuplex } from "../../../src/transport/child-process.node.ts";
import { connectHttp, httpDuplex } from "../../../src/transport/http.node.ts";
import { connectTurns } from "../../../src/transport/http-turns.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { messagePortDuplex } from "../../../src/transport/message-port.ts";
import { ParallelChannel } from "../../../src/transport/parallel/parallel-channel.ts";
import { nodeStreamDuplex } from "../../../src/transport/node-stream.node.ts";
import { descriptorChannel } from "../../../src/transport/stdio.node.ts";
import { sendRefusal } from "../../../src/transport/refusal.node.ts";
import { createTurnHost } from "../../../src/transport/turn-host.node.ts";
import { webSocketDuplex } from "../../../src/transport/websocket.ts";
import { connectWs, listenWs } from "../../../src/transport/ws.node.ts";
import { WebSocket } from "ws";
import type { Duplex } from "../../../src/types.ts";
import { channelOf, duplexOf } from "../../../src/transport/channel.ts";

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-transport-"));
afterAll(() => rmSync(folder, { recursive: true }));
let nameCount = 0;
const freshPath = () => join(folder, `${nameCount++}`);

/** Two ends of a named pipe as descriptors: what a shell gives to the programs beside a `|`. */
function pipe(): { input: number; output: number } {
  const path = freshPath();
  execFileSync("mkfifo", [path]);
  const input = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { input, output: openSync(path, constants.O_WRONLY) };
}

/** Waits for the one connection that comes to a Unix socket. */
function listenOnce(path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      server.close();
      resolve(socket);
    }).listen(path);
  });
}

/**
 * A program that joins its standard input and output to a Unix socket, so that a test can hold the
 * far end.
 */
const bridge = `
  const socket = require("node:net").connect({ path: process.argv[1], allowHalfOpen: true });
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  socket.on("error", () => process.exit(1));
  process.stdout.on("error", () => process.exit(1));
`;

/** A program as the near end, which is talked to by sockets, or by pipes of one's own. */
function childProcess(openPipe?: typeof openWidePipe): TransportUnderTest {
  return {
    async connect() {
      const path = freshPath();
      const accepted = listenOnce(path);
      const words = { hear() {}, end: () => "" };
      const args = ["-e", bridge, path];
      const left = childProcessDuplex(process.execPath, args, { words, ...(openPipe && { openPipe }) });
      const right = await accepted;
      return [left, nodeStreamDuplex(right, right)];
    },
    tellsBreakFromEnd: false,
  };
}

/** What a browser's socket has: no way to hold the peer back. */
function withoutPause(socket: WebSocket): WebSocket {
  return new Proxy(socket, {
    get(target, name) {
      if (name === "pause" || name === "resume") return undefined;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

/** Connections as one. */
function group(duplexes: readonly Duplex[]): Duplex {
  const channel = new ParallelChannel();
  for (const duplex of duplexes) channel.add(channelOf(duplex));
  return duplexOf(channel);
}

const transports: Record<string, TransportUnderTest> = {
  memory: { connect: async () => duplexPair() },
  "memory with a buffer of one byte": { connect: async () => duplexPair({ bufferBytes: 1 }) },
  "web streams alone": {
    async connect() {
      const [left, right] = duplexPair();
      const bare = ({ readable, writable }: Duplex) => ({ readable, writable });
      return [bare(left), bare(right)];
    },
  },
  "memory, cut up in another way": {
    async connect() {
      const [left, right] = duplexPair();
      return [
        faultyDuplex(left, { maxBlockBytes: 4096, seed: 5 }),
        faultyDuplex(right, { maxBlockBytes: 700 }),
      ];
    },
  },
  "three connections in parallel": {
    async connect() {
      const pairs = [duplexPair(), duplexPair({ bufferBytes: 1 }), duplexPair()];
      return [group(pairs.map(([left]) => left)), group(pairs.map(([, right]) => right))];
    },
  },
  "message port": {
    async connect() {
      const { port1, port2 } = new MessageChannel();
      return [messagePortDuplex(port1), messagePortDuplex(port2)];
    },
  },
  "pipes as stdin and stdout": {
    async connect() {
      const there = pipe();
      const back = pipe();
      return [
        duplexOf(descriptorChannel(back.input, there.output)),
        duplexOf(descriptorChannel(there.input, back.output)),
      ];
    },
    tellsBreakFromEnd: false,
  },
  "unix socket": {
    async connect() {
      const path = freshPath();
      const accepted = listenOnce(path);
      const left = connect({ path, allowHalfOpen: true });
      const right = await accepted;
      return [nodeStreamDuplex(left, left), nodeStreamDuplex(right, right)];
    },
    tellsBreakFromEnd: false,
  },
  "child process": childProcess(),
  "child process, by pipes": childProcess(openWidePipe),
  ws: {
    async connect() {
      let right: Duplex | undefined;
      const listener = await listenWs((duplex) => void (right = duplex));
      const left = await connectWs(listener.url);
      while (!right) await new Promise((resolve) => setTimeout(resolve, 1));
      return [left, right, () => void listener.close()];
    },
  },
  http: {
    async connect() {
      let right: Duplex | undefined;
      const server = createHttpServer({ requestTimeout: 0 }, (request, response) => {
        server.close();
        right = httpDuplex(request, response);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const left = await connectHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      while (!right) await new Promise((resolve) => setTimeout(resolve, 1));
      return [left, right, () => server.closeAllConnections()];
    },
  },
  "http in turns": {
    async connect() {
      const host = createTurnHost();
      let right: Duplex | undefined;
      const server = createHttpServer((request, response) => {
        host.handle(request, response).then(
          (duplex) => void (right ??= duplex),
          (error) => sendRefusal(error, request, response),
        );
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const left = await connectTurns(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      while (!right) await new Promise((resolve) => setTimeout(resolve, 1));
      afterAll(() => void server.close());
      return [left, right];
    },
  },
  "a browser's WebSocket": {
    async connect() {
      let right: Duplex | undefined;
      const listener = await listenWs((duplex) => void (right = duplex));
      const socket = new WebSocket(listener.url);
      await new Promise((resolve) => socket.once("open", resolve));
      while (!right) await new Promise((resolve) => setTimeout(resolve, 1));
      const left = webSocketDuplex(withoutPause(socket), { receiveBytes: 32 << 20 });
      return [right, left, () => void listener.close()];
    },
    holdsBack: false,
  },
};

for (const [name, transport] of Object.entries(transports)) {
  describe(name, () => {
    for (const { name: promise, run } of transportCases(transport)) it(promise, run);
  });
}
