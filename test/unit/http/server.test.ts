import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { SyncError } from "../../../src/errors.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import type { SessionReport } from "../../../src/http/session-host.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { connectHttp } from "../../../src/transport/http.node.ts";
import { connectTurns } from "../../../src/transport/http-turns.ts";
import { sessionMediaType, sessionUrl } from "../../../src/transport/session-request.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile, type MemoryDir } from "../../../src/tree/memory/memory-tree.ts";
import { collect, noise, rawConnection } from "./serving.ts";

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-server-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let root = "";
let count = 0;
const content = noise(300_000);

beforeEach(() => {
  root = join(folder, `${count++}`);
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "file"), content);
  writeFileSync(join(root, "sub", "inner"), "inner");
  writeFileSync(join(folder, "secret"), "MARKER");
  symlinkSync(folder, join(root, "out"));
  symlinkSync(join(folder, "secret"), join(root, "link"));
});

async function listening(options: Omit<ServerOptions, "root"> = {}) {
  const reports: SessionReport[] = [];
  const server = createServer({ root, onSession: (report) => void reports.push(report), ...options });
  const url = await server.listen();
  return {
    server,
    url,
    reports,
    port: Number(new URL(url).port),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

type Via = "ws" | "http" | "turns";

function connectTo(url: string, path: string, direction: "pull" | "push", via: Via, headers = {}) {
  const asked = sessionUrl(url + path, direction);
  if (via === "http") return connectHttp(asked, { headers });
  if (via === "turns") return connectTurns(asked, { headers });
  return connectWs(asked.replace(/^http/, "ws"), { headers, protocols: ["rsync-stream.1"] });
}

async function pull(url: string, path: string, via: Via, headers = {}): Promise<MemoryDir> {
  const tree = memoryDir();
  await receiveTree(memoryTarget(tree), await connectTo(url, path, "pull", via, headers));
  return tree;
}

async function push(url: string, path: string, via: Via, headers = {}): Promise<void> {
  const tree = memoryDir({ pushed: memoryFile("pushed content") });
  const duplex = await connectTo(url, path, "push", via, headers);
  await sendTree(memorySource(tree), duplex, { layout: "contents" });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "ok",
    (thrown: SyncError) => thrown.code,
  );
}

describe.each(["ws", "http", "turns"] as const)("sessions over %s", (via) => {
  test("pull what is there, and a part of it", async () => {
    await using at = await listening();
    const whole = await pull(at.url, "", via);
    expect([...whole.children.keys()].sort()).toEqual(["file", "link", "out", "sub"]);
    expect([...(await pull(at.url, "sub/", via)).children.keys()]).toEqual(["inner"]);
    expect([...(await pull(at.url, "sub", via)).children.keys()]).toEqual(["sub"]);
    expect([...(await pull(at.url, "file", via)).children.keys()]).toEqual(["file"]);
  });

  test("push, to the top and below", async () => {
    await using at = await listening();
    await push(at.url, "", via);
    await push(at.url, "sub/new", via);
    expect(readFileSync(join(root, "pushed"), "utf8")).toBe("pushed content");
    expect(readFileSync(join(root, "sub/new/pushed"), "utf8")).toBe("pushed content");
    while (at.reports.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(at.reports).toMatchObject([{ direction: "push" }, { direction: "push" }]);
  });

  test.each([
    "nothing",
    "out/secret",
    "out/",
    "sub/inner/",
    ".rsync-stream/",
    "nothing/deeper",
    "out/0/sub/",
  ])("nothing is found at %s", async (path) => {
    await using at = await listening();
    expect(await codeOf(pull(at.url, path, via))).toBe("NOT_FOUND");
  });

  test.each(["out", "out/", "out/x", "nothing/deeper/"])("nothing is pushed to %s", async (path) => {
    await using at = await listening();
    expect(await codeOf(push(at.url, path, via))).not.toBe("ok");
    expect(() => readFileSync(join(folder, "pushed"))).toThrow(/ENOENT/);
    expect(() => readFileSync(join(folder, "x", "pushed"))).toThrow(/ENOENT/);
  });

  test("a read-only server has nowhere to push to", async () => {
    await using at = await listening({ readOnly: true });
    expect(await codeOf(push(at.url, "", via))).toBe("UNSUPPORTED");
  });

  test("sessions are counted, and those above the limit refused", async () => {
    await using at = await listening({ sessionsPerAddressCount: 2 });
    const held = [await connectTo(at.url, "", "pull", via), await connectTo(at.url, "", "pull", via)];
    const refused = await codeOf(pull(at.url, "", via));
    expect(refused).toBe("LIMIT");
    for (const { channel } of held) channel.abort(new Error("over"));
    while (at.reports.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await pull(at.url, "", via);
  });

  test("who opens a session and never speaks is cut off", async () => {
    await using at = await listening({ helloMs: 300 });
    await connectTo(at.url, "", "push", via);
    while (at.reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(at.reports[0]!.error).toMatchObject({ code: "STALLED" });
  });
});

describe("who is let in", () => {
  const reader = generateToken("reader", ["read"]);
  const writer = generateToken("writer", ["read", "write"]);
  const only = generateToken("only", ["write"]);
  const tokens = [reader.token, writer.token, only.token];
  const headersOf: Record<string, Record<string, string>> = {
    none: {},
    wrong: { Authorization: `Bearer ${"x".repeat(32)}` },
    "not a token": { Authorization: "Basic YTpi" },
    read: { Authorization: `Bearer ${reader.secret}` },
    write: { Authorization: `Bearer ${only.secret}` },
    both: { Authorization: `Bearer ${writer.secret}` },
  };
  const status = (url: string, init: RequestInit) => fetch(url, init).then((response) => response.status);
  const routes: Record<
    string,
    { scope: "read" | "write"; ask: (url: string, headers: any) => Promise<unknown> }
  > = {
    "pull over ws": { scope: "read", ask: (url, headers) => codeOf(pull(url, "", "ws", headers)) },
    "pull over http": { scope: "read", ask: (url, headers) => codeOf(pull(url, "", "http", headers)) },
    "push over ws": { scope: "write", ask: (url, headers) => codeOf(push(url, "", "ws", headers)) },
    "pull in turns": { scope: "read", ask: (url, headers) => codeOf(pull(url, "", "turns", headers)) },
    "push in turns": { scope: "write", ask: (url, headers) => codeOf(push(url, "", "turns", headers)) },
    "push over http": { scope: "write", ask: (url, headers) => codeOf(push(url, "", "http", headers)) },
    file: {
      scope: "read",
      ask: (url, headers) => codeOf(collect(fetchCafs(`${url}file`, memoryStore(), { headers }))),
    },
    metrics: { scope: "read", ask: (url, headers) => status(`${url}metrics`, { headers }).then(okOf) },
    ...Object.fromEntries(
      ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"].map((method) => [
        method,
        {
          scope: "read" as const,
          ask: (url: string, headers: any) => status(`${url}file`, { method, headers }).then(okOf),
        },
      ]),
    ),
  };
  const okOf = (code: number) => (code === 401 ? "UNAUTHORIZED" : code === 200 || code === 405 ? "ok" : code);

  test.each(
    Object.entries(routes).flatMap(([route, facts]) =>
      Object.keys(headersOf).map((who) => ({ route, who, ...facts })),
    ),
  )("$route with token: $who", async ({ who, scope, ask }) => {
    await using at = await listening({ tokens });
    const may = who === "both" || who === scope;
    expect(await ask(at.url, headersOf[who]!)).toBe(may ? "ok" : "UNAUTHORIZED");
  });

  test("health is told to everybody", async () => {
    await using at = await listening({ tokens });
    expect(await (await fetch(`${at.url}healthz`)).text()).toBe("ok\n");
  });

  test("a browser's WebSocket shows its token beside the subprotocol, and gets only that back", async () => {
    await using at = await listening({ tokens });
    const asked = sessionUrl(at.url, "pull").replace(/^http/, "ws");
    const { channel } = await connectWs(asked, { protocols: ["rsync-stream.1", `bearer.${reader.secret}`] });
    channel.abort(new Error("over"));
    expect(await codeOf(connectWs(asked, { protocols: ["rsync-stream.1", "bearer.nonsense"] }))).toBe(
      "UNAUTHORIZED",
    );
  });

  test("pareco 9: no token in a URL", async () => {
    await using at = await listening({ tokens });
    expect(await status(`${at.url}file?token=${reader.secret}`, { headers: headersOf["read"]! })).toBe(400);
  });

  test("who shows too many wrong tokens is told so at once, others and the right one are heard", async () => {
    await using at = await listening({ tokens, trustedProxies: ["127.0.0.1"] });
    const ask = async (address: string, who: string) => {
      const headers = { ...headersOf[who]!, "X-Forwarded-For": `9.9.9.9, ${address}` };
      const answer = await fetch(`${at.url}metrics`, { headers });
      return [answer.status, (await answer.text()).includes("as many before it")];
    };
    await Promise.all(Array.from({ length: 20 }, () => ask("1.2.3.4", "wrong")));
    expect(await ask("1.2.3.4", "wrong")).toEqual([401, true]);
    expect(await ask("1.2.3.5", "wrong")).toEqual([401, false]);
    expect(await ask("1.2.3.4", "read")).toEqual([200, false]);
  });

  test("nobody but a known proxy says whom they speak for", async () => {
    await using at = await listening();
    await pull(at.url, "", "http", { "X-Forwarded-For": "1.2.3.4" });
    while (at.reports.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(at.reports).toMatchObject([{ address: "127.0.0.1" }]);
  });

  test("whatever authorize throws is a no", async () => {
    const authorize = () => {
      throw new Error("the directory is down");
    };
    await using at = await listening({ authorize });
    expect(await codeOf(pull(at.url, "", "http"))).toBe("UNAUTHORIZED");
  });
});

describe("pages of other sites", () => {
  const foreign = [
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { Host: "evil.example", Origin: "http://evil.example" },
    { Host: "evil.example:80" },
  ];

  test.each(foreign)("are refused: %j", async (headers) => {
    await using at = await listening();
    for (const path of ["file", "metrics", ""]) expect(await statusAt(at.port, path, headers)).toBe(401);
    expect(
      await codeOf(
        connectWs(sessionUrl(at.url, "push").replace(/^http/, "ws"), {
          headers: headers as any,
          protocols: ["rsync-stream.1"],
        }),
      ),
    ).toBe("UNAUTHORIZED");
  });

  test("unless they may come", async () => {
    await using at = await listening({ origins: ["https://app.example"] });
    expect(await statusAt(at.port, "file", { Origin: "https://app.example" })).toBe(200);
    expect(await statusAt(at.port, "file", { Origin: `http://localhost:${at.port}` })).toBe(200);
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    undefined,
  ])("no form posts a session: %s", async (type) => {
    await using at = await listening();
    const headers = type === undefined ? {} : { "Content-Type": type };
    const response = await fetch(sessionUrl(at.url, "push"), { method: "POST", headers, body: "x" });
    expect(response.status).toBe(400);
  });

  function statusAt(port: number, path: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const asking = httpRequest({ port, path: `/${path}`, headers }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      asking.on("error", reject).end();
    });
  }
});

describe("what goes out", () => {
  test.each([
    "/../secret",
    "/%2e%2e/secret",
    "/out/secret",
    "/link",
    "/sub",
    "/sub/",
    "/a%00b",
    "//",
    "/.rsync-stream",
  ])("nothing at %s, and no word of where that would be", async (path) => {
    await using at = await listening();
    const client = await rawConnection(at.port);
    client.say(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const heard = await client.closed;
    expect(heard).toMatch(/^HTTP\/1.1 40[04] /);
    expect(heard).toMatch(/\{"error":\{"code":"(PATH|NOT_FOUND)","message":"[^"/]+"\}\}\n$/);
    expect(heard).not.toContain("MARKER");
    expect(heard).not.toContain(folder);
  });

  test("metrics count what happened", async () => {
    await using at = await listening();
    await pull(at.url, "", "http");
    await codeOf(pull(at.url, "nothing", "ws"));
    const text = await (await fetch(`${at.url}metrics`)).text();
    expect(text).toContain('rsync_stream_sessions_total{direction="pull",via="http",result="ok"} 1');
    expect(text).toContain('rsync_stream_refusals_total{code="NOT_FOUND"} 1');
  });
});

describe("bad company", () => {
  test("200 connections that say nothing, or a byte now and then, hold nobody up", async () => {
    await using at = await listening();
    const slow = await Promise.all(Array.from({ length: 200 }, () => rawConnection(at.port)));
    for (const client of slow.slice(100)) client.say("GET /file HT");
    await pull(at.url, "", "ws");
    for (const client of slow) client.socket.destroy();
  });

  test("a head that is too long, or no HTTP at all", async () => {
    await using at = await listening();
    for (const said of [
      `GET / HTTP/1.1\r\nX: ${"a".repeat(20_000)}\r\n`,
      "SSH-2.0-OpenSSH_9.2\r\n",
      "\x16\x03\x01\x02\x00\x01\x00",
    ]) {
      const client = await rawConnection(at.port);
      client.say(said);
      expect(await client.closed).toMatch(/^(HTTP\/1.1 4\d\d |$)/);
    }
    await pull(at.url, "", "http");
  });

  test("a thousand sessions of noise end with an error each, and the server lives", async () => {
    await using at = await listening({ sessionsPerAddressCount: 1000, sessionCount: 1000 });
    const head = `POST /?session=push HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${sessionMediaType}\r\n`;
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const client = await rawConnection(at.port);
          const body = noise(50 + i, round * 100 + i);
          client.say(`${head}Content-Length: ${body.length}\r\n\r\n`);
          client.say(body);
          await client.closed;
        }),
      );
    }
    await expect.poll(() => at.reports.length).toBe(1000);
    expect(new Set(at.reports.map(({ error }) => error?.code))).toEqual(new Set(["BAD_FRAME"]));
    await pull(at.url, "", "http");
  });
});

test("closing lets sessions end, and then does not wait for ever", async () => {
  const at = await listening();
  const { channel } = await connectTo(at.url, "", "push", "ws");
  const started = performance.now();
  await at.server.close(200);
  expect(performance.now() - started).toBeGreaterThan(150);
  expect(at.reports[0]!.error).toMatchObject({ code: "ABORTED" });
  await expect(collect(channel.read())).rejects.toMatchObject({ name: "SyncError" });
  await at.server.close();
});

test("it can be mounted in a server that does other things too", async () => {
  const sync = createServer({ root });
  const own = createHttpServer({ requestTimeout: 0 }, (request, response) => {
    if (request.url === "/hello") response.end("hello");
    else sync.handle(request, response);
  });
  own.on("upgrade", (request, socket, head) => sync.upgrade(request, socket, head));
  await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}/`;
  expect(await (await fetch(`${url}hello`)).text()).toBe("hello");
  for (const via of ["ws", "http"] as const) await pull(url, "sub/", via);
  await sync.close();
  own.close();
  own.closeAllConnections();
});

test("a certificate that is none is told", async () => {
  await using sync = createServer({ root });
  const tls = { cert: "no certificate", key: "no key" };
  await expect(sync.listen({ tls })).rejects.toMatchObject({ code: "USAGE" });
});
