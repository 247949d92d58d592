import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer, type ServerOptions } from "../../src/http/server.node.ts";
import { generateToken } from "../../src/http/tokens.node.ts";
import { noise } from "../cli/trees.ts";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";
import { unless } from "../obstacles.ts";

unless(noBrowser).describe("a page and a server, in turns", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-turns-"));
  const { secret, token } = generateToken("page", ["read", "write"]);
  const size = 5_000_000;
  let browser: TestBrowser;

  beforeAll(async () => {
    browser = await startBrowser();
    writeFileSync(join(folder, "big"), noise(size, "big"));
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** What a page gets that asks a server with these options. */
  async function asking(options: ServerOptions, ...asks: readonly (readonly [string, string])[]) {
    await using server = createServer({ root: folder, tokens: [token], ...options });
    const url = await server.listen();
    const page = await browser.open("turns-page.ts");
    const answers: unknown[] = [];
    for (const [name, key] of asks) {
      const ask = ([name, url, key]: string[]) =>
        (globalThis as any)[name!](url, key).catch((error: { code: string }) => error.code) as unknown;
      answers.push(await page.evaluate(ask, [name, `${url}?session=${name}`, key]));
    }
    await page.close();
    return answers;
  }

  it("push and pull with a token", async () => {
    const options = { origins: [browser.origin] };
    const wrong = "a-wrong-one-of-the-right-length";
    const [pushed, pulled, refused] = await asking(
      options,
      ["push", secret],
      ["pull", secret],
      ["pull", wrong],
    );
    expect(pushed).toBe(2);
    expect(pulled).toEqual({ names: ["big", "from the page"], receivedBytes: size + 5 });
    expect(refused).toBe("UNAUTHORIZED");
    expect(readFileSync(join(folder, "from the page"), "utf8")).toBe("hello");
  });

  it("a page of another site gets nothing, and is not told why", async () => {
    expect(await asking({}, ["pull", secret])).toEqual(["PEER_GONE"]);
  });
});
