import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { SyncError } from "../../../src/errors.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { encodeSyncInfo } from "../../../src/remotesync/sync-info-json.ts";
import { emptyId } from "../../../src/remotesync/sync-info.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { collect, fetchError, noise, until } from "./serving.ts";

type Answer = string | ((socket: Socket) => void);

/** A server that says what it is told to, whatever it is asked. */
async function lyingServer(answers: { get: Answer; post?: Answer }) {
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
    ["a fraction for a size", info.replace("1000", "1000.5"), "BAD_SYNCINFO"],
    ["a size beyond all", info.replace("1000", "131073"), "BAD_SYNCINFO"],
    [
      "a size for the chunk of no bytes (6)",
      info.replace(/"Key":"\w+"/, `"Key":"${toHex(emptyId)}"`),
      "BAD_SYNCINFO",
    ],
    ["no key", info.replace('"Key"', '"Kay"'), "BAD_SYNCINFO"],
    ["no permutation", info.replace('"Perm"', '"Prem"'), "BAD_PERMUTATION"],
    ["a permutation of fractions", info.replace("[0]", "[0.5,1]"), "BAD_SYNCINFO"],
    [
      "a permutation of 2000 elements (18)",
      info.replace("[0]", JSON.stringify([...Array(2000).keys()])),
      "LIMIT",
    ],
    ["half of it", info.slice(0, 60), "BAD_SYNCINFO"],
    [
      "something behind a valid one, but another chunk in it",
      info.replace(/"Key":"../, '"Key":"00'),
      "UNEXPECTED_CHUNK",
    ],
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

  test.each([
    ["chunks", { maxChunkCount: 1 }],
    ["bytes of JSON", { maxJsonBytes: 150 }],
    ["bytes in the file", { maxFileBytes: 1999 }],
    ["elements of the permutation", { maxPermutationCount: 1 }],
  ])("in its SyncInfo: more %s than the caller allows (18)", async (_, limits) => {
    const two = { chunks: [chunk, chunk].map(({ id }) => ({ id, size: 1000 })), perm: [1, 0] };
    await using server = await lyingServer({ get: ok(encodeSyncInfo(two)), post: answer(data) });
    expect(await fetchError(server.url, limits)).toMatchObject({ code: "LIMIT" });
  });

  const badHeads = [
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n", "PEER_GONE"],
    ["headers without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`, "PEER_GONE"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "PEER_GONE"],
    ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "PEER_GONE"],
    ["more length than body", "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", "PEER_GONE"],
    [
      "a size of a part that is none",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "PEER_GONE",
    ],
    ["nothing", "", "PEER_GONE"],
    ["status 201", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "UNSUPPORTED"],
    ["status 204", "HTTP/1.1 204 No Content\r\n\r\n", "UNSUPPORTED"],
    ["status 206", "HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\na", "UNSUPPORTED"],
    ["status 304", "HTTP/1.1 304 Not Modified\r\n\r\n", "UNSUPPORTED"],
    ["status 101", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "PEER_GONE"],
  ] as const;
  test.each(badHeads)("to a GET: %s", async (_, head, code) => {
    await using server = await lyingServer({ get: head });
    expect(await fetchError(server.url)).toMatchObject({ code });
    await until(() => server.open() === 0);
  });

  test.each(badHeads)("to a POST: %s (8)", async (_, head, code) => {
    await using server = await lyingServer({ get: ok(info), post: head });
    expect(await fetchError(server.url)).toMatchObject({ code });
    await until(() => server.open() === 0);
  });

  test("what it says ahead of its answer does no harm", async () => {
    const ahead = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n";
    const post = (socket: Socket) =>
      void socket.end(Buffer.from(`${ahead}${chunked(data)}0\r\n\r\n`, "latin1"));
    await using server = await lyingServer({ get: ahead + ok(info), post });
    expect(await collect(fetchCafs(server.url, memoryStore()))).toEqual(chunk.bytes);
  });

  test("an end before it has read the wishlist is one, when nothing is missing", async () => {
    const store = memoryStore();
    await store.put(chunk);
    await using server = await lyingServer({ get: ok(info), post: ok("") });
    expect(await collect(fetchCafs(server.url, store))).toEqual(chunk.bytes);
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
    await until(() => server.open() === 0);
  });

  test.each(["get", "post"])("it is cancelled at once in the wait for a %s (11)", async (which) => {
    const controller = new AbortController();
    const reached = (): void => controller.abort(new SyncError("ABORTED", "enough"));
    await using server = await lyingServer(
      which === "get" ? { get: reached } : { get: ok(info), post: reached },
    );
    expect(await fetchError(server.url, { signal: controller.signal })).toMatchObject({ message: "enough" });
    await until(() => server.open() === 0);
  });

  test("no server at all", async () => {
    expect(await fetchError("http://127.0.0.1:9/x")).toMatchObject({ code: "PEER_GONE" });
    expect(await fetchError("ftp://example.org/x")).toMatchObject({ code: "USAGE" });
  });
});
