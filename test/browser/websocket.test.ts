import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { createServer, type SyncServer } from "../../src/http/server.node.ts";
import { generateToken } from "../../src/http/tokens.node.ts";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";
import { expectCasesToHold } from "./page-cases.ts";
import { unless } from "../obstacles.ts";

/** A server that passes on what it gets of one connection to the other with the same URL. */
async function startBridge(): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const alone = new Map<string, WebSocket>();
  server.on("connection", (socket, { url = "" }) => {
    const other = alone.get(url);
    alone.set(url, socket);
    if (!other) return;
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      from.on("message", (data: Buffer) => to.send(data));
      from.on("close", (code, reason) =>
        code === 1005 || code === 1006 ? to.terminate() : to.close(code, reason),
      );
    }
  });
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

unless(noBrowser).describe("a page and a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-page-"));
  const { secret, token } = generateToken("page", ["read", "write"]);
  let browser: TestBrowser;
  let server: SyncServer;
  let url: string;

  beforeAll(async () => {
    browser = await startBrowser();
    writeFileSync(join(folder, "here"), "x");
    server = createServer({ root: folder, tokens: [token], origins: [browser.origin] });
    url = (await server.listen()).replace("http", "ws");
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  it("push and pull with a token, which no URL holds", async () => {
    const page = await browser.open("websocket-page.ts");
    const ask = (name: string, query: string, key: string) =>
      page.evaluate(
        ([name, url, key]) =>
          (globalThis as any)[name!](url, key).catch((error: { code: string }) => error.code) as unknown,
        [name, `${url}?session=${query}`, key],
      );
    expect(await ask("push", "push", secret)).toBe(2);
    const { names } = (await ask("pull", "pull", secret)) as { names: string[] };
    expect(names).toEqual(["from the page", "here"]);
    expect(await ask("pull", "pull", "a-wrong-one-of-the-right-length")).toBe("PEER_GONE");
    await page.close();
  });

  it("its sockets keep what a transport has to", async () => {
    const bridge = await startBridge();
    const page = await browser.open("websocket-page.ts");
    await expectCasesToHold(page, bridge);
    await page.close();
  });

  it("a page of another site gets nothing", async () => {
    const strict = createServer({ root: folder, tokens: [token] });
    const page = await browser.open("websocket-page.ts");
    const target = (await strict.listen()).replace("http", "ws");
    const asked = page.evaluate(
      ([url, key]) =>
        (globalThis as any).pull(url, key).catch((error: { code: string }) => error.code) as unknown,
      [`${target}?session=pull`, secret],
    );
    expect(await asked).toBe("PEER_GONE");
    await strict.close();
  });
});
