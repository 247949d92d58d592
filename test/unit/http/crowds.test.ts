import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { serverLimits } from "../../../src/http/listener.node.ts";
import { pipelineLimits } from "../../../src/http/pipelining.node.ts";
import type { RefusalReport } from "../../../src/http/server-report.ts";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";
import { sessionMediaType, sessionUrl } from "../../../src/transport/session-request.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir } from "../../../src/tree/memory/memory-tree.ts";
import { type Raw, rawConnection } from "./serving.ts";
import { noOpenssl, selfSigned } from "../../self-signed.ts";
import { unless } from "../../obstacles.ts";

const root = mkdtempSync(join(tmpdir(), "rsync-stream-crowds-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, "file"), "content");
const { secret, token } = generateToken("valid", ["read", "write"]);
const bearer = { Authorization: `Bearer ${secret}` };

async function listening(options: Omit<ServerOptions, "root"> = { tokens: [token] }) {
  const server = createServer({ root, ui: false, ...options });
  const url = await server.listen();
  return { url, port: Number(new URL(url).port), [Symbol.asyncDispose]: () => server.close() };
}

/** So many connections, at most 50 of them coming about at one time. */
async function crowd(count: number, open: () => Promise<Raw>): Promise<Raw[]> {
  const all: Raw[] = [];
  while (all.length < count)
    all.push(...(await Promise.all(Array.from({ length: Math.min(50, count - all.length) }, open))));
  return all;
}

/** So many answers of `/healthz`. */
const answers = (count: number): RegExp => new RegExp(`^(?:(?:(?!\\nok\\n)[^])*\\nok\\n){${count}}`);
const leave = (all: readonly Raw[]): void => all.forEach(({ socket }) => socket.destroy());
const statusOf = (url: string, headers = {}): Promise<number> =>
  fetch(url, { headers: { ...headers, Connection: "close" } }).then(({ status }) => status);

/** Resolves when nobody takes what the client goes on to say. */
async function isCutOff({ socket }: Raw): Promise<void> {
  const trickle = setInterval(() => socket.write("x"), 5);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(trickle);
}

async function pull(url: string): Promise<number> {
  const tree = memoryDir();
  const asked = sessionUrl(url, "pull").replace(/^http/, "ws");
  await receiveTree(
    memoryTarget(tree),
    await connectWs(asked, { headers: bearer, protocols: ["rsync-stream.1"] }),
  );
  return tree.children.size;
}

describe("bodies that nobody asked for are refused at once", () => {
  const requests = [
    ["GET", "/healthz"],
    ["HEAD", "/healthz"],
    ["OPTIONS", "/healthz"],
    ["OPTIONS", "/"],
    ["GET", "/"],
    ["HEAD", "/"],
    ["GET", "/-/ui/page.js"],
    ["GET", "/metrics"],
    ["GET", "/file"],
    ["PUT", "/file"],
    ["PATCH", "/file"],
    ["DELETE", "/file"],
    ["POST", "/file"],
    ["POST", "/healthz"],
    ["POST", "/metrics"],
    ["POST", "/"],
    ["POST", "/?session=push&turns=open"],
    ["POST", "/?session=push&turns=0123"],
    ["GET", "/?session=pull&turns=0123"],
    ["DELETE", "/?session=pull&turns=0123"],
    ["GET", "/?session=pull"],
    ["GET", "/nothing/../here"],
  ] as const;
  const bodies = ["Content-Length: 1000000000", "Transfer-Encoding: chunked"];
  const preflight = "Origin: http://localhost\r\nAccess-Control-Request-Method: POST\r\n";

  test.each(
    requests.flatMap(([method, path]) =>
      bodies.flatMap((body) => ["", bearer.Authorization].map((shown) => ({ method, path, body, shown }))),
    ),
  )("$method $path with $body, token: $shown", async ({ method, path, body, shown }) => {
    await using at = await listening({ tokens: [token], ui: true });
    const client = await rawConnection(at.port);
    const type = path.includes("session") ? `Content-Type: ${sessionMediaType}\r\n` : "";
    const authorization = shown === "" ? "" : `Authorization: ${shown}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${preflight}${type}${authorization}${body}\r\n\r\n`;
    client.say(head);
    expect(await client.closed).toMatch(/^HTTP\/1\.1 4\d\d /);
    await isCutOff(client);
  });

  test.each(bodies)("an upgrade with %s", async (body) => {
    await using at = await listening();
    const client = await rawConnection(at.port);
    client.say(
      `GET /?session=pull HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${body}\r\n\r\n`,
    );
    expect(await client.closed).toMatch(/^HTTP\/1\.1 400 /);
    await isCutOff(client);
  });
});

describe("who holds connections without a token keeps nobody out", () => {
  const heads = {
    "that say nothing": "",
    "with a head that is not complete": "GET /file HTTP/1.1\r\nHost: local",
    "that asked before and are kept": "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "that show a wrong token": `GET /file HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${"x".repeat(30)}\r\n\r\n`,
    "that ask for an upgrade": `GET /?session=push HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    "that ask for a session": `POST /?session=push HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${sessionMediaType}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  };

  test.each(Object.entries(heads))("1,100 connections %s", async (_, head) => {
    await using at = await listening();
    const all = await crowd(1100, async () => {
      const client = await rawConnection(at.port);
      client.say(head);
      return client;
    });
    for (let i = 0; i < 12; i++) expect(await statusOf(`${at.url}file`, bearer)).toBe(200);
    expect(await pull(at.url)).toBe(1);
    leave(all);
  });

  unless(noOpenssl).test("1,100 handshakes of TLS that never finish", async () => {
    const tls = selfSigned();
    const server = createServer({ root, tokens: [token] });
    const port = Number(new URL(await server.listen({ tls })).port);
    const all = await crowd(1100, () => rawConnection(port));
    for (const client of all.slice(550)) client.say("\x16\x03\x01\x02\x00\x01");
    const socket = connectTls({ port, host: "127.0.0.1", ca: tls.cert, servername: "localhost" });
    socket.write(
      `GET /file HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${secret}\r\n\r\n`,
    );
    let heard = "";
    for await (const bytes of socket) heard += String(bytes);
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
    leave(all);
    await server.close();
  });

  test("the oldest goes first, and none on which something let in is under way", async () => {
    await using at = await listening();
    const busy = await connectWs(sessionUrl(at.url, "pull").replace(/^http/, "ws"), {
      headers: bearer,
      protocols: ["rsync-stream.1"],
    });
    const room = serverLimits.connectionsPerNetworkCount - 1;
    const all = await crowd(room, () => rawConnection(at.port));
    const gone: number[] = [];
    for (const [i, { closed }] of all.entries()) void closed.then(() => gone.push(i));
    const more = await crowd(3, () => rawConnection(at.port));
    await Promise.all(all.slice(0, 3).map(({ closed }) => closed));
    expect(gone.slice(0, 3)).toEqual([0, 1, 2]);
    let lost = false;
    void busy.channel
      .read()
      [Symbol.asyncIterator]()
      .next()
      .catch(() => (lost = true));
    leave([...(await crowd(room, () => rawConnection(at.port))), ...more, ...all]);
    expect(lost).toBe(false);
    busy.channel.abort(new Error("over"));
  });

  test("one of many networks that has few keeps them", async () => {
    await using at = await listening();
    const few = await crowd(2, () => rawConnection(at.port, "127.0.0.2"));
    const all: Raw[] = [];
    for (let network = 3, askedCount = 0; network < 9; network++)
      for (let i = 0; i < 12; i++) {
        all.push(...(await crowd(20, () => rawConnection(at.port, `127.0.0.${network}`))));
        // Each request gives them time to say the next.
        askedCount++;
        for (const { say } of few) say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for (const { until } of few)
          expect((await until(answers(askedCount))).match(/\nok\n/g)).toHaveLength(askedCount);
      }
    leave([...few, ...all]);
  });
});

describe("requests that do not wait for answers", () => {
  const asking = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

  test("are answered, if they are few", async () => {
    await using at = await listening();
    const { say, until, socket } = await rawConnection(at.port);
    const askedCount = pipelineLimits.pipelinedCount + 1;
    say(asking.repeat(askedCount));
    expect((await until(answers(askedCount))).match(/\nok\n/g)).toHaveLength(askedCount);
    socket.destroy();
  });

  test("end their connection, if they are many, and are told once", async () => {
    const refusals: RefusalReport[] = [];
    await using at = await listening({ tokens: [token], onRefusal: (refusal) => refusals.push(refusal) });
    const { say, closed } = await rawConnection(at.port);
    say(asking.repeat(1000));
    await closed;
    expect(refusals.map(({ error: { code } }) => code)).toEqual(["LIMIT"]);
    expect(await statusOf(`${at.url}file`, bearer)).toBe(200);
  });
});

describe("tokens", () => {
  const wrong = { Authorization: `Bearer ${"x".repeat(32)}` };

  test("none shown, however often, keeps nobody out", async () => {
    await using at = await listening();
    const answers = await Promise.all(Array.from({ length: 200 }, () => statusOf(`${at.url}file`)));
    expect(new Set(answers)).toEqual(new Set([401]));
    expect(await statusOf(`${at.url}file`, bearer)).toBe(200);
    expect(await statusOf(`${at.url}file`, wrong)).toBe(401);
  });

  test("wrong ones are turned away at once after a while, the right one never", async () => {
    await using at = await listening();
    const tried = await Promise.all(Array.from({ length: 20 }, () => statusOf(`${at.url}file`, wrong)));
    expect(new Set(tried)).toEqual(new Set([401]));
    const further = await fetch(`${at.url}file`, { headers: wrong });
    const { error } = (await further.json()) as { error: { message: string } };
    expect([further.status, error.message]).toEqual([401, expect.stringContaining("as many before it")]);
    expect(await statusOf(`${at.url}file`)).toBe(401);
    expect(await statusOf(`${at.url}file`, bearer)).toBe(200);
    expect(await pull(at.url)).toBe(1);
  });

  test("wrong and missing ones are told apart", async () => {
    await using at = await listening();
    const asked = async (headers: Record<string, string>) => {
      const response = await fetch(`${at.url}file`, { headers });
      return [response.headers.get("www-authenticate"), ((await response.json()) as any).error.message];
    };
    expect(await asked({})).toEqual(["Bearer", "a token is needed"]);
    expect(await asked({ Authorization: "Basic YTpi" })).toEqual(["Bearer", "a token is needed"]);
    expect(await asked(wrong)).toEqual([
      'Bearer error="invalid_token"',
      "the token that was shown is not known here",
    ]);
  });

  test("of an authorizer the same holds", async () => {
    const authorize = ({ headers }: { headers: Record<string, unknown> }) =>
      headers["authorization"] === bearer.Authorization
        ? { name: "a", scopes: ["read"] as const }
        : undefined;
    await using at = await listening({ authorize: authorize as any });
    for (let i = 0; i < 25; i++) expect(await statusOf(`${at.url}file`)).toBe(401);
    await Promise.all(Array.from({ length: 25 }, () => statusOf(`${at.url}file`, wrong)));
    expect(await statusOf(`${at.url}file`, bearer)).toBe(200);
  });
});
