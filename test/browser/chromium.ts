import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { root } from "../house/source-files.ts";
import { type Obstacle } from "../obstacles.ts";

const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((name) => existsSync(name));

/** Why there is no browser to test with, if there is none. */
export const noBrowser: Obstacle = path === undefined ? "chromium is not installed" : undefined;

/** It finds what hangs; nothing takes so long, however busy the machine is. */
const waitMs = 240_000;

/**
 * A browser, and pages of this project's code in it; they may start files of this folder as
 * workers.
 */
export interface TestBrowser {
  /**
   * Opens a page that runs a file of this folder as a module; what it puts on `globalThis` can be
   * called by `evaluate`.
   */
  open(script: string): Promise<Page>;
  /** Opens a page from elsewhere, with a storage of its own. */
  goto(url: string): Promise<Page>;
  /** Where the pages come from. */
  readonly origin: string;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: path!,
    timeout: waitMs,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-features=WebRtcHideLocalIpsWithMdns"],
  });
  const scripts = new Map<string, Promise<string>>();
  const scriptOf = (name: string): Promise<string> => {
    if (!scripts.has(name)) scripts.set(name, bundle(`${root}/test/browser/${name}`));
    return scripts.get(name)!;
  };
  const server = createServer((request, response) => {
    const name = request.url!.slice(1);
    const isScript = name.endsWith(".ts");
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    if (isScript) void scriptOf(name).then((text) => response.end(text));
    else response.end(`<!doctype html><title>test</title><link rel="icon" href="data:,">`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  return {
    origin: url.slice(0, -1),
    async open(script) {
      await scriptOf(script); // so that a mistake in it is told
      const page = await browser.newPage();
      page.setDefaultTimeout(waitMs);
      page.on("pageerror", (error) => console.error(`in the page: ${error.message}`));
      await page.goto(url);
      await page.addScriptTag({ url: `/${script}`, type: "module" });
      await page.waitForFunction(() => "ready" in globalThis);
      return page;
    },
    async goto(url) {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(waitMs);
      page.on("pageerror", (error) => console.error(`in the page: ${error.message}`));
      page.on("close", () => void context.close().catch(() => {}));
      await page.goto(url);
      return page;
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A script and all it imports as one for a page. @param alias files to take for what it imports */
export async function bundle(path: string, alias: Readonly<Record<string, string>> = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    alias,
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}
