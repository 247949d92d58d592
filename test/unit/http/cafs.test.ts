import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { SyncError } from "../../../src/errors.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import type { SharedFile } from "../../../src/http/share.ts";
import { encodeSyncInfo } from "../../../src/remotesync/sync-info-json.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { collect, noise, rawConnection, serving, sharedBytes } from "./serving.ts";

/** A server of one file, and what became of its transfers. */
async function cafsServer(file: SharedFile, options: { stallMs?: number } = {}) {
  const failures: (SyncError | undefined)[] = [];
  const server = await serving((request, response) => {
    const onTransfer = (_sent: number, error?: SyncError): void => void failures.push(error);
    void handleCafs(request, response, async () => file, { ...options, onTransfer });
  });
  return { ...server, failures };
}

/** A server that says what it is told to, whatever it is asked. */
async function lyingServer(answers: { get: string; post?: string | ((socket: Socket) => void) }) {
  const sockets = new Set<Socket>();
  const open = new Set<Socket>(); // until the client has closed its side
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const forget = (): void => void open.delete(socket);
    socket
      .on("error", () => {})
      .on("close", forget)
      .on("end", forget)
      .on("data", () => {});
    open.add(socket);
    socket.once("data", (head) => {
      const answer = head.toString("latin1").startsWith("GET") ? answers.get : answers.post;
      if (typeof answer === "function") answer(socket);
      else socket.end(answer ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/f`,
    open: () => open.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
const chunked = (...bodies: string[]): string =>
  "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
  bodies.map((body) => `${body.length.toString(16)}\r\n${body}\r\n`).join("");

async function fetchError(url: string, options = {}): Promise<SyncError> {
  try {
    await collect(fetchCafs(url, memoryStore(), { stallMs: 5000, ...options }));
  } catch (thrown) {
    return thrown as SyncError;
  }
  throw new Error("it came through");
}

describe("both ends together", () => {
  test.each([[[0]], [[2, 0, 1]], [Array.from({ length: 256 }, (_, i) => (i * 101 + 7) % 256)]])(
    "a file with a permutation such as %j",
    async (perm) => {
      const bytes = noise(400_000);
      await using server = await cafsServer(await sharedBytes(bytes, perm));
      const store = memoryStore();
      expect(await collect(fetchCafs(server.url, store))).toEqual(bytes);
      const again = fetchCafs(server.url, store);
      let result;
      for (result = await again.next(); !result.done; result = await again.next());
      expect(result.value).toMatchObject({ doneBytes: 400_000, receivedBytes: 0, key: sha256(bytes) });
      expect(server.failures).toEqual([undefined, undefined]);
    },
  );

  test("an empty file, and one of one byte", async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(1)]) {
      await using server = await cafsServer(await sharedBytes(bytes));
      expect(await collect(fetchCafs(server.url, memoryStore()))).toEqual(bytes);
    }
  });

  test("the file changed between the two requests: CHANGED (flaw 7)", async () => {
    const file = await sharedBytes(noise(1000));
    let version = 0;
    await using server = await serving((request, response) => {
      void handleCafs(request, response, async () => ({ ...file, version: `v${version++}` }));
    });
    expect(await fetchError(server.url)).toMatchObject({ code: "CHANGED", remote: true });
  });

  test("the digest that a URL promises is that of the file, or CORRUPT (7)", async () => {
    const bytes = noise(1000);
    const digits = toHex(sha256(bytes));
    await using server = await cafsServer(await sharedBytes(bytes));
    for (const keyPrefix of ["", digits.slice(0, 16), digits.toUpperCase()]) {
      expect(await collect(fetchCafs(server.url, memoryStore(), { keyPrefix }))).toEqual(bytes);
    }
    const keyPrefix = digits.slice(0, 15) + (digits[15] === "0" ? "1" : "0");
    expect(await fetchError(server.url, { keyPrefix })).toMatchObject({ code: "CORRUPT" });
    expect(await fetchError(server.url, { keyPrefix: "xyz" })).toMatchObject({ code: "USAGE" });
  });

  test("cancelled while its reader does something else, it lets go of the connection at once (11, 15)", async () => {
    await using server = await cafsServer(await sharedBytes(noise(4_000_000)));
    const controller = new AbortController();
    const fetching = fetchCafs(server.url, memoryStore(), { signal: controller.signal });
    await fetching.next();
    controller.abort(new SyncError("ABORTED", "enough"));
    while (server.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(server.failures).toMatchObject([{ code: "PEER_GONE" }]);
    await expect(fetching.next()).rejects.toMatchObject({ message: "enough" });
  });

  test("left by its reader, it lets go of the connection (15)", async () => {
    await using server = await cafsServer(await sharedBytes(noise(4_000_000)));
    for await (const _ of fetchCafs(server.url, memoryStore())) break;
    while (server.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(server.failures).toMatchObject([{ code: "PEER_GONE" }]);
  });

  test("cancelled in the middle, it ends at both ends", async () => {
    const file = await sharedBytes(noise(200_000));
    const controller = new AbortController();
    let waits = 0;
    const slow: SharedFile = {
      ...file,
      chunk: (id, options) => (waits++ < 3 ? file.chunk(id, options) : never(options.signal!)),
    };
    await using server = await cafsServer(slow);
    const reading = collect(fetchCafs(server.url, memoryStore(), { signal: controller.signal }));
    reading.catch(() => {});
    while (waits < 4) await new Promise((resolve) => setTimeout(resolve, 2));
    controller.abort(new SyncError("ABORTED", "enough"));
    await expect(reading).rejects.toMatchObject({ code: "ABORTED", message: "enough" });
    while (server.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(server.failures[0]).toMatchObject({ code: "PEER_GONE" });
  });
});

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

describe("our server", () => {
  test("answers before it has read a byte, and sends a chunk when its bit has come", async () => {
    const bytes = noise(200_000);
    await using server = await cafsServer(await sharedBytes(bytes));
    const client = await rawConnection(server.port);
    client.say("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    const head = await client.until(/\r\n\r\n/);
    expect(head).toMatch(/^HTTP\/1.1 200 /);
    expect(head).not.toContain("100 Continue");
    client.say(Buffer.from("1\r\n\x80\r\n", "latin1"));
    await client.until(/\r\n\r\n[^]+/);
    client.say("0\r\n\r\n"); // too short: it breaks off, with no last chunk
    expect(await client.closed).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(server.failures).toMatchObject([{ code: "WISHLIST_TOO_SHORT" }]);
  });

  test("answers HTTP/1.0 too, with the end of the connection as the end of the chunk stream", async () => {
    const bytes = noise(100);
    await using server = await cafsServer(await sharedBytes(bytes));
    const client = await rawConnection(server.port);
    client.say("POST / HTTP/1.0\r\nConnection: close\r\nContent-Length: 1\r\n\r\n");
    client.say(Uint8Array.of(0x80));
    expect(await client.closed).toMatch(/^HTTP\/1.1 200 OK\r\n(?!.*transfer-encoding)/is);
    expect(client.heard().endsWith(Buffer.from(bytes).toString("latin1"))).toBe(true);
  });

  const file = () => sharedBytes(noise(30_000), [2, 0, 1]);
  test.each([
    ["a wishlist that is too long (10)", "\x00\x00\x00\x00\x00\x00\x00\x00", "WISHLIST_TOO_LONG"],
    ["a bit for a position without a chunk", "\x80", "PLACEHOLDER_REQUESTED"],
  ])("breaks off at %s", async (_, wishes, code) => {
    await using server = await cafsServer(await file());
    const client = await rawConnection(server.port);
    client.say(`POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${wishes.length}\r\n\r\n`);
    client.say(Buffer.from(wishes, "latin1"));
    expect(await client.closed).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(server.failures).toMatchObject([{ code }]);
  });

  test.each([
    ["Close", 400, "Connection: close required\n"],
    ["close, foo", 400, "Connection: close required\n"],
    ["keep-alive", 400, "Connection: close required\n"],
  ])("wants `Connection: close` and not `%s`", async (value, status, body) => {
    await using server = await cafsServer(await file());
    const client = await rawConnection(server.port);
    client.say(`POST / HTTP/1.1\r\nHost: h\r\nConnection: ${value}\r\nContent-Length: 0\r\n\r\n`);
    const heard = await client.until(/required\n/);
    expect(heard).toContain(`HTTP/1.1 ${status} `);
    expect(heard.endsWith(body)).toBe(true);
    client.socket.destroy();
  });

  test.each(["PUT", "DELETE", "OPTIONS", "PATCH"])("answers %s with 405", async (method) => {
    await using server = await cafsServer(await file());
    const response = await fetch(server.url, { method });
    expect([response.status, await response.text()]).toEqual([405, "Method Not Allowed\n"]);
  });

  test("keeps its answer whole when the client expects a 100 (30)", async () => {
    const bytes = noise(9000);
    await using server = await cafsServer(await sharedBytes(bytes));
    const client = await rawConnection(server.port);
    client.say(
      "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
    );
    client.say(Uint8Array.of(0xc0));
    const heard = await client.closed;
    expect(heard).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/);
    expect(heard.split("100 Continue").length).toBe(2);
  });

  test("gives up on a client that stalls (11)", async () => {
    await using server = await cafsServer(await file(), { stallMs: 100 });
    const client = await rawConnection(server.port);
    client.say("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    await client.closed;
    expect(server.failures).toMatchObject([{ code: "STALLED" }]);
  });

  test("stops waiting for a chunk when its client is gone (12)", async () => {
    let waiting = 0;
    const shared = await file();
    await using server = await cafsServer({
      ...shared,
      chunk: (_, { signal }) => {
        waiting++;
        return never(signal!).finally(() => waiting--);
      },
    });
    const client = await rawConnection(server.port);
    client.say(
      "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\x20\r\n",
    );
    while (waiting === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    client.socket.destroy();
    while (server.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(waiting).toBe(0);
  });

  test("tells why before its head, without paths or causes", async () => {
    await using server = await serving((request, response) => {
      void handleCafs(request, response, async () => {
        throw new Error("/etc/secret is broken");
      });
    });
    const response = await fetch(server.url);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('{"error":{"code":"INTERNAL","message":"the server failed"}}\n');
  });
});

describe("our client, when the server lies", () => {
  const chunk = chunkOf(noise(1000));
  const info = encodeSyncInfo({ chunks: [{ id: chunk.id, size: 1000 }], perm: [0] });
  const data = `\xd0\x0f${Buffer.from(chunk.bytes).toString("latin1")}`;
  const answer = (body: string) => (socket: Socket) =>
    void socket.end(Buffer.from(chunked(body) + "0\r\n\r\n", "latin1"));

  test("it is not the table that lies", async () => {
    await using server = await lyingServer({ get: ok(info), post: answer(data) });
    expect(await collect(fetchCafs(server.url, memoryStore()))).toEqual(chunk.bytes);
  });

  test.each([
    ["no JSON", "hello", "BAD_SYNCINFO"],
    ["null (7)", "null", "BAD_PERMUTATION"],
    ["an empty permutation (16)", info.replace("[0]", "[]"), "BAD_PERMUTATION"],
    ["a permutation out of range (16)", info.replace("[0]", "[5]"), "BAD_PERMUTATION"],
    ["a permutation with repeats (3)", info.replace("[0]", "[0,0]"), "BAD_PERMUTATION"],
    ["a key of 66 digits (17)", info.replace('"Key":"', '"Key":"00'), "BAD_SYNCINFO"],
    ["a negative size (4)", info.replace("1000", "-1"), "BAD_SYNCINFO"],
    ["the wrong size (4)", info.replace("1000", "999"), "UNEXPECTED_CHUNK"],
  ])("in its SyncInfo: %s", async (_, body, code) => {
    await using server = await lyingServer({ get: ok(body), post: answer(data) });
    expect(await fetchError(server.url)).toMatchObject({ code });
  });

  test.each([
    ["nothing", "", "TRUNCATED"],
    ["another chunk", data.replace(/.$/, "!"), "UNEXPECTED_CHUNK"],
    ["half a chunk", data.slice(0, 500), "TRUNCATED"],
    ["a chunk too many", `${data}\x02a`, "UNSOLICITED"],
    ["half a chunk too many (5)", `${data}\x08a`, "TRUNCATED"],
    ["an illegal length", "\x01", "ILLEGAL_LENGTH"],
  ])("in its chunk stream: %s", async (_, body, code) => {
    await using server = await lyingServer({ get: ok(info), post: answer(body) });
    expect(await fetchError(server.url)).toMatchObject({ code });
  });

  test("a response that breaks off is no end", async () => {
    await using server = await lyingServer({
      get: ok(info),
      post: (socket) => void socket.end(Buffer.from(chunked(data), "latin1")),
    });
    expect(await fetchError(server.url)).toMatchObject({ code: "PEER_GONE" });
  });

  test.each([
    [404, "NOT_FOUND"],
    [401, "UNAUTHORIZED"],
    [503, "PEER_GONE"],
    [301, "UNSUPPORTED"],
  ])("status %d of the POST is not a chunk stream (8)", async (status, code) => {
    const head = `HTTP/1.1 ${status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 5\r\n\r\nwhat?`;
    await using server = await lyingServer({ get: ok(info), post: head });
    expect(await fetchError(server.url)).toMatchObject({ code, remote: true });
  });

  test.each(["get", "post"])("it does not wait for ever for a %s (11)", async (which) => {
    const silent = () => {};
    await using server = await lyingServer(
      which === "get" ? { get: "HTTP/1.1 200 OK\r\n" } : { get: ok(info), post: silent },
    );
    const error = await fetchError(server.url, { connectMs: 100, stallMs: 100 });
    expect(["STALLED", "PEER_GONE"]).toContain(error.code);
  });

  test("it does not wait for ever for a chunk, and lets go of the connection (11, 15)", async () => {
    await using server = await lyingServer({
      get: ok(info),
      post: (socket) => void socket.write(Buffer.from(chunked("\xd0"), "latin1")),
    });
    expect(await fetchError(server.url, { stallMs: 100 })).toMatchObject({ code: "STALLED" });
    while (server.open() > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("no server at all", async () => {
    expect(await fetchError("http://127.0.0.1:9/x")).toMatchObject({ code: "PEER_GONE" });
    expect(await fetchError("ftp://example.org/x")).toMatchObject({ code: "USAGE" });
  });
});
