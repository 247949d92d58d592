import { describe, expect, test } from "vitest";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { cafsServer, never, noise, rawConnection, serving, sharedBytes, until } from "./serving.ts";
import { messagesIn } from "./spoken.ts";

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

  test.each(["PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])("answers %s with 405", async (method) => {
    await using server = await cafsServer(await file());
    const response = await fetch(server.url, { method });
    expect(response.status).toBe(405);
    expect(await response.text()).toBe(method === "HEAD" ? "" : "Method Not Allowed\n");
  });

  test("tells what it refuses, however it says so", async () => {
    const told: string[] = [];
    await using server = await cafsServer(await file(), {
      onRefusal: ({ message }) => void told.push(message),
    });
    await (await fetch(server.url, { method: "DELETE" })).text();
    const client = await rawConnection(server.port);
    client.say("POST / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
    await client.until(/required\n/);
    client.socket.destroy();
    expect(told).toEqual(["Method Not Allowed", "Connection: close required"]);
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
    await until(() => waiting > 0);
    client.socket.destroy();
    await until(() => server.failures.length > 0);
    expect(waiting).toBe(0);
  });

  test.each([
    ['"v1"', 200],
    ["*", 200],
    ['"v0", "v1"', 200],
    ['"v0"', 412],
    ['W/"v1"', 412],
    ["v1", 412],
    ["", 412],
  ])("If-Match: %s is answered with %d (7)", async (tags, status) => {
    await using server = await cafsServer(await sharedBytes(noise(10)));
    const client = await rawConnection(server.port);
    client.say(
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-Match: ${tags}\r\nContent-Length: 1\r\n\r\n`,
    );
    client.say(Uint8Array.of(0));
    const heard = await client.closed;
    expect(heard).toContain(`HTTP/1.1 ${status} `);
    if (status === 412) expect(heard).toContain('"code":"CHANGED"');
    expect(server.facts).toEqual({ openedCount: 1, closedCount: 1 });
  });

  const head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
  test.each([
    ["a wishlist that is too short (19)", `${head}Content-Length: 0\r\n\r\n`, "WISHLIST_TOO_SHORT"],
    ["a body that is cut off (19)", `${head}Content-Length: 5\r\n\r\n\x00`, "PEER_GONE"],
    ["a part that is cut off", `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n\x00`, "PEER_GONE"],
    ["a size that is none", `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, "PEER_GONE"],
    [
      "a part that is longer than it says",
      `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n\x00\x00\x00`,
      "PEER_GONE",
    ],
  ])("frees all that a client held with %s", async (_, said, code) => {
    await using server = await cafsServer(await file());
    const client = await rawConnection(server.port);
    client.say(Buffer.from(said, "latin1"));
    await until(() => client.heard().includes("\r\n\r\n"));
    client.socket.end();
    expect(await client.closed).not.toMatch(/\r\n0\r\n\r\n$/);
    await until(() => server.facts.closedCount > 0);
    expect(server.failures).toMatchObject([{ code }]);
    expect(server.facts).toEqual({ openedCount: 1, closedCount: 1 });
  });

  test.each(["GET / HTTP/1.1\r\nHost: h\r\n\r\n", `${head}Content-Length: 250\r\n\r\n${"\xff".repeat(250)}`])(
    "holds little for a client that does not read, and not for ever (11): %j",
    async (said) => {
      const bytes = noise(100_000);
      const { info, ...shared } = await sharedBytes(bytes);
      // The same chunks again and again: a long list for a GET, much data for a POST.
      const isGet = said.startsWith("GET");
      const chunks = Array.from(
        { length: isGet ? 200_000 : 2000 },
        (_, at) => info.chunks[at % info.chunks.length]!,
      );
      let readCount = 0;
      const chunk: typeof shared.chunk = (id, options) => {
        readCount++;
        return shared.chunk(id, options);
      };
      await using server = await cafsServer(
        { ...shared, info: { ...info, chunks }, chunk },
        { stallMs: 200, minRateBytes: 1e9 },
      );
      const client = await rawConnection(server.port);
      client.socket.pause();
      client.say(Buffer.from(said, "latin1"));
      await until(() => server.facts.closedCount === 1);
      expect(readCount).toBeLessThan(2000);
      if (!isGet) expect(server.failures).toMatchObject([{ code: "STALLED" }]);
      client.socket.destroy();
    },
  );

  test("takes requests that come at once one after another", async () => {
    const bytes = noise(100);
    await using server = await cafsServer(await sharedBytes(bytes));
    const client = await rawConnection(server.port);
    const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    client.say(Buffer.from(`${get}${get}${head}Content-Length: 1\r\n\r\n\x80`, "latin1"));
    const heard = messagesIn(await client.closed);
    expect(heard.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(heard[0]!.body).toBe(heard[1]!.body);
    expect(heard[2]!.body.endsWith(Buffer.from(bytes).toString("latin1"))).toBe(true);
  });

  test.each([
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["what is no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ])("closes on %s, and lives (30)", async (_, said) => {
    await using server = await cafsServer(await file());
    const client = await rawConnection(server.port);
    client.say(Buffer.from(said, "latin1"));
    expect(await client.closed).toMatch(/^(?:HTTP\/1.1 400 [^]*)?$/);
    expect((await fetch(server.url)).status).toBe(200);
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
