import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { SyncError } from "../../../src/errors.ts";
import { type FetchCafsOptions, fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { type CafsHandlerOptions, handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { type Permutation, trivialPermutation } from "../../../src/remotesync/permutation.ts";
import { syncInfoOf } from "../../../src/remotesync/sync-info.ts";
import type { SharedFile } from "../../../src/http/share.ts";
import type { Bytes } from "../../../src/types.ts";

/** A server on loopback for the time of one test. */
export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function serving(listener: RequestListener): Promise<Serving> {
  const server = createServer({ requestTimeout: 0 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export async function* streamOf(bytes: Bytes): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

/** A file in memory as a share offers it. */
export async function sharedBytes(bytes: Bytes, perm: Permutation = trivialPermutation): Promise<SharedFile> {
  const store = memoryStore();
  const info = await syncInfoOf(streamOf(bytes), perm, { onChunk: (chunk) => store.put(chunk) });
  return {
    info,
    version: "v1",
    chunk: (id, options) => store.get(id, options),
    close: async () => {},
  };
}

/** A bare connection: what is said and heard is bytes, as they are. */
export interface Raw {
  readonly socket: Socket;
  say(bytes: string | Uint8Array): void;
  /** All that was heard so far, as Latin 1. */
  readonly heard: () => string;
  /** Resolves when what was heard matches, or the peer closed. */
  until(pattern: RegExp): Promise<string>;
  readonly closed: Promise<string>;
}

export async function rawConnection(port: number, localAddress = "127.0.0.1"): Promise<Raw> {
  const socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {});
  let heard = "";
  let wake = (): void => {};
  let over = false;
  const closed = new Promise<string>((resolve) => {
    const end = (): void => {
      over = true;
      wake();
      resolve(heard);
    };
    socket.on("end", end).on("close", end);
  });
  socket.on("data", (bytes) => {
    heard += bytes.toString("latin1");
    wake();
  });
  return {
    socket,
    say: (bytes) => void socket.write(bytes),
    heard: () => heard,
    async until(pattern) {
      while (!pattern.test(heard) && !over) await new Promise<void>((resolve) => (wake = resolve));
      return heard;
    },
    closed,
  };
}

/** Bytes that differ everywhere and repeat nowhere, by a small generator. */
export function noise(count: number, seed = 1): Bytes {
  const bytes = new Uint8Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function collect(source: AsyncIterable<Bytes>): Promise<Bytes> {
  const parts: Bytes[] = [];
  for await (const part of source) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

/** A server of one file, what became of its transfers, and how often the file was closed. */
export async function cafsServer(file: SharedFile, options: CafsHandlerOptions = {}) {
  const failures: (SyncError | undefined)[] = [];
  const facts = { closedCount: 0, openedCount: 0 };
  const server = await serving((request, response) => {
    const onTransfer = (_sent: number, error?: SyncError): void => void failures.push(error);
    const open = async (): Promise<SharedFile> => {
      facts.openedCount++;
      return { ...file, close: async () => void facts.closedCount++ };
    };
    void handleCafs(request, response, open, { ...options, onTransfer });
  });
  return { ...server, failures, facts };
}

/** Waits for something that no event tells. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Waits for the signal alone. */
export function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** What a fetch ends with that must not succeed. */
export async function fetchError(url: string, options: FetchCafsOptions = {}): Promise<SyncError> {
  try {
    await collect(fetchCafs(url, memoryStore(), options));
  } catch (thrown) {
    return thrown as SyncError;
  }
  throw new Error("it came through");
}
