import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, type SyncServer } from "../../src/http/server.node.ts";
import { generateToken } from "../../src/http/tokens.node.ts";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";

describe.skipIf(noBrowser !== undefined)("a page and a server", () => {
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
    expect(((await ask("pull", "pull", secret)) as string[]).sort()).toEqual(["from the page", "here"]);
    expect(await ask("pull", "pull", "a-wrong-one-of-the-right-length")).toBe("PEER_GONE");
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
