import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createServer, type SyncServer } from "../../src/http/server.node.ts";
import type { RefusalReport } from "../../src/http/server-report.ts";
import type { SessionReport } from "../../src/http/session-host.ts";
import { generateToken, type Principal } from "../../src/http/tokens.node.ts";
import { builtCli } from "../built.ts";
import { limitedProxy } from "../limited-proxy.ts";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";
import { unless } from "../obstacles.ts";

unless(noBrowser).describe("the page of a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-ui-"));
  const path = (...names: string[]) => join(folder, ...names);
  const { secret, token } = generateToken("page", ["read", "write"]);
  const sessions: SessionReport[] = [];
  const refusals: string[] = [];
  let browser: TestBrowser;
  let server: SyncServer;
  let url: string;
  let page: Page;
  /** What the page complained about, a breach of its policy among it. */
  const complaints: string[] = [];

  async function openPage(at = url): Promise<void> {
    page = await browser.goto(at);
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.locator("#token").fill(secret);
  }

  const status = () => page.locator("#job-status").textContent();
  const finished = () => page.waitForSelector("#job.done");

  beforeAll(async () => {
    builtCli();
    browser = await startBrowser();
    const onSession = (report: SessionReport) => void sessions.push(report);
    const onRefusal = ({ error }: RefusalReport) => void refusals.push(error.message);
    server = createServer({ root: folder, tokens: [token], ui: true, onSession, onRefusal });
    url = await server.listen();
    mkdirSync(path("photos", "2024"), { recursive: true });
    writeFileSync(path("photos", "a.txt"), "a");
    writeFileSync(path("photos", "2024", "b.bin"), randomBytes(100_000));
  });

  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  it("sends a folder that was chosen, and nothing of it the second time", async () => {
    await openPage();
    await page.locator("#send-path").fill("inbox");
    for (const words of ["Done: 100 kB were new.", "Done: 0 bytes were new; 100 kB were used again."]) {
      await page.locator("#input-folder").setInputFiles(path("photos"));
      await finished();
      expect(await status()).toBe(words);
    }
    const there = readdirSync(path("inbox/photos"), { recursive: true });
    expect(there.sort()).toEqual(["2024", "2024/b.bin", "a.txt"]);
    expect(readFileSync(path("inbox/photos/2024/b.bin"))).toEqual(readFileSync(path("photos/2024/b.bin")));
  });

  it("sends what was dropped", async () => {
    await openPage();
    await page.locator("#send-path").fill("dropped");
    const devtools = await page.context().newCDPSession(page);
    const { x, y } = (await page.locator("#drop").boundingBox())!;
    const data = { items: [], files: [path("photos")], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"] as const) {
      await devtools.send("Input.dispatchDragEvent", { type, x: x + 20, y: y + 20, data });
    }
    await finished();
    expect(readFileSync(path("dropped/photos/a.txt"), "utf8")).toBe("a");
  });

  it("receives, keeps and saves a file", async () => {
    await openPage();
    await page.locator("#receive-path").fill("photos/2024/b.bin");
    await page.locator("#receive-save").check();
    const download = page.waitForEvent("download");
    await page.locator("#receive-start").click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe("b.bin");
    expect(readFileSync(await saved.path())).toEqual(readFileSync(path("photos/2024/b.bin")));
    expect(await page.locator(".kept-name").textContent()).toContain("photos/2024/b.bin");
    await page.getByRole("button", { name: "Remove: photos/2024/b.bin" }).click();
    await page.locator("#kept").waitFor({ state: "hidden" });
  });

  it("says what a server refuses", async () => {
    await openPage();
    for (const [typed, why] of [
      ["", "a token is needed"],
      ["a-token-that-nobody-has", "the token that was shown is not known here"],
      ["another/one", "the token that was shown is not known here"],
    ] as const) {
      refusals.length = 0;
      await page.locator("#token").fill(typed);
      await page.locator("#receive-start").click();
      await page.waitForSelector("#job.failed");
      expect(await status()).toContain(`asks for a token that allows this (${why})`);
      expect(refusals).toEqual([why]);
    }
    await page.locator("#token").fill(secret);
    await page.locator("#receive-path").fill("nowhere");
    await page.locator("#receive-start").click();
    await page.waitForFunction(() => document.querySelector("#job-status")!.textContent!.includes("no such"));
    complaints.splice(0); // the browser's own, about the refused requests
  });

  it("goes on by itself when it is loaded again in the middle", async () => {
    const sizeBytes = 24_000_000;
    mkdirSync(path("large"));
    writeFileSync(path("large", "big.bin"), randomBytes(sizeBytes));
    const proxy = await limitedProxy(url, 14_000_000, "hold");
    await openPage(proxy.url);
    sessions.length = 0;
    await page.locator("#receive-path").fill("large");
    await page.locator("#receive-start").click();
    await page.waitForFunction(() => document.querySelector("progress")!.position > 0.4);
    proxy.limitBytes = Number.POSITIVE_INFINITY;
    await page.reload();
    await finished();
    expect(sessions).toHaveLength(2);
    expect(await page.locator("#job-reused").textContent()).toMatch(/MB$/);
    await page.locator("#kept button").first().click();
    await page.waitForFunction(() =>
      document.querySelector("#job-status")!.textContent!.includes("0 bytes were new"),
    );
    const wireBytes = sessions.map(({ summary }) => summary?.wireSentBytes ?? 0);
    expect(wireBytes[1]!).toBeLessThan(0.7 * sizeBytes);
    expect(wireBytes[2]!).toBeLessThan(10_000);
  });

  it("moves its bar all the while, however many files it sends", async () => {
    const fileCount = 4000;
    mkdirSync(path("many"));
    for (let i = 0; i < fileCount; i++) writeFileSync(path("many", `file ${i}`), `number ${i}`);
    await openPage();
    await page.locator("#send-path").fill("copies");
    await page.evaluate(() => {
      let lastMs = performance.now();
      const seen = { longestGapMs: 0, widths: new Set() };
      Object.assign(globalThis, { seen });
      const progress = document.querySelector("progress")!;
      setInterval(() => {
        seen.longestGapMs = Math.max(seen.longestGapMs, performance.now() - lastMs);
        seen.widths.add(progress.position);
        lastMs = performance.now();
      }, 5);
    });
    await page.locator("#input-folder").setInputFiles(path("many"));
    await finished();
    const [shown, gapMs] = await page.evaluate(() => {
      const { seen } = globalThis as any;
      return [seen.widths.size as number, seen.longestGapMs as number];
    });
    console.log(
      `${fileCount} files sent; the bar moved ${shown} times; the longest gap was ${gapMs.toFixed(0)} ms`,
    );
    expect(shown).toBeGreaterThan(10); // a page that stands still shows the beginning and the end
    expect(readdirSync(path("copies/many"))).toHaveLength(fileCount);
  });

  it("brings the job before the eyes and the keyboard of who started it, on a phone", async () => {
    await openPage();
    await page.setViewportSize({ width: 360, height: 640 });
    for (const reducedMotion of ["reduce", "no-preference"] as const) {
      await page.emulateMedia({ reducedMotion });
      await page.locator("#receive-path").fill("photos");
      await page.locator("#receive-start").scrollIntoViewIfNeeded();
      await page.locator("#receive-start").click();
      await page.waitForFunction(() => {
        const { top, bottom } = document.querySelector("#job-status")!.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      });
      await finished();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("job-title");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    }
  });

  it("refuses a place outside, and starts nothing", async () => {
    await openPage();
    sessions.length = 0;
    for (const place of ["../x", "/etc", "a//b", "..\\x", "C:\\x", "a/./b"]) {
      await page.locator("#receive-path").fill(place);
      await page.locator("#receive-start").click();
      expect(await page.locator("#receive-path-fault").textContent()).toMatch(/\.$/);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("receive-path");
      expect(await page.locator("#receive-path").inputValue()).toBe(place);
      await page.locator("#send-path").fill(place);
      await page.locator("#input-folder").setInputFiles(path("photos"));
      expect(await page.locator("#send-path-fault").textContent()).toMatch(/\.$/);
      expect(await page.locator("#job").isVisible()).toBe(false);
    }
    await page.locator("#receive-path").fill("photos");
    expect(await page.locator("#receive-path-fault").textContent()).toBe("");
    expect(sessions).toHaveLength(0);
  });

  it("says what is odd about a token before it is shown to anybody", async () => {
    await openPage();
    for (const odd of [`Bearer ${secret}`, "two words", "schlüssel", "x".repeat(600), "a\u200bb"]) {
      await page.locator("#token").fill(odd);
      await page.locator("#receive-start").click();
      expect(await page.locator("#token-fault").textContent()).toMatch(/\.$/);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("token");
      expect(await page.locator("#job").isVisible()).toBe(false);
    }
  });

  it("takes a token that no WebSocket can offer", async () => {
    const authorize = ({ headers }: IncomingMessage): Principal | undefined =>
      headers.authorization === "Bearer a+b/c==" ? { name: "odd", scopes: ["read"] } : undefined;
    await using other = createServer({ root: folder, authorize, ui: true });
    await openPage(await other.listen());
    await page.locator("#token").fill("a+b/c==");
    await page.locator("#receive-path").fill("photos");
    await page.locator("#receive-start").click();
    await finished();
  });

  it("shows the share that is done, and a rate that falls to zero when nothing moves", async () => {
    mkdirSync(path("halves"));
    writeFileSync(path("halves", "one half.bin"), randomBytes(20_000_000));
    const proxy = await limitedProxy(url, 10_000_000, "hold");
    await openPage(proxy.url);
    await page.locator("#receive-path").fill("halves");
    await page.locator("#receive-start").click();
    await page.waitForFunction(() =>
      /^[1-9]\d? %$/.test(document.querySelector("#job-percent")!.textContent!),
    );
    expect(await page.locator("#job-name").textContent()).toBe("one half.bin");
    // 10 of 20 MB, less what is still on its way to the page; a busy page may stand still before.
    await page.waitForFunction(() => {
      const [rate, percent] = ["#job-rate", "#job-percent"].map((id) => document.querySelector(id)!);
      return rate!.textContent === "0 bytes/s" && /^[2-5]\d %$/.test(percent!.textContent!);
    });
  });

  it("counts down to the next attempt, which can be had at once", async () => {
    mkdirSync(path("broken"));
    writeFileSync(path("broken", "big.bin"), randomBytes(30_000_000));
    const proxy = await limitedProxy(url, 2_000_000, "break");
    await openPage(proxy.url);
    await page.locator("#receive-path").fill("broken");
    const starting = page.waitForEvent("worker");
    await page.locator("#receive-start").click();
    // A part of the longest wait is waited, by chance: this one is longer than any test.
    await (await starting).evaluate(() => void (Math.random = () => 2000));
    const countdown = page.locator("#job-countdown");
    await page.waitForFunction(() =>
      /in [\d,]{3,} /.test(document.querySelector("#job-countdown")!.textContent!),
    );
    expect(await status()).toMatch(/^The connection broke[.:]/);
    const first = await countdown.textContent();
    await page.waitForFunction(
      (text) => document.querySelector("#job-countdown")!.textContent !== text,
      first,
    );
    expect(await countdown.textContent()).toMatch(/^Connecting again in [\d,]+ seconds$/);
    proxy.limitBytes = Number.POSITIVE_INFINITY;
    await page.getByRole("button", { name: "Retry now" }).click();
    await finished();
    expect(await page.locator("#job-wait").isVisible()).toBe(false);
    expect(await status()).toMatch(/^Done: 30(\.\d)? MB were new\.$|were used again\.$/);
    complaints.splice(0); // the browser's own, about the broken connections
  });

  it("asks for a token before it shows what the server has, and looks again when it is there", async () => {
    await openPage();
    await page.locator("#token").fill("");
    await page.locator("#names summary").click();
    await page.waitForFunction(() => document.querySelector("#token-fault")!.textContent !== "");
    expect(await page.locator("#names-status").textContent()).toContain("asks for a token");
    expect(await page.getByRole("button", { name: "Send to this folder" }).isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("token");
    complaints.splice(0); // the browser's own, about the refused request
    await page.keyboard.type(secret);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "photos/", exact: true }).waitFor();
    expect(await page.locator("#token-fault").textContent()).toBe("");
  });

  it("shows what the server has, for the keyboard too, and saves a file of it as it is", async () => {
    mkdirSync(path("odd #%?"));
    writeFileSync(path("odd #%?", "<b>.html"), "<script>alert(1)</script>");
    await openPage();
    await page.locator("#names summary").focus();
    await page.keyboard.press("Enter");
    const folder = page.getByRole("button", { name: "odd #%?/", exact: true });
    await folder.focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.textContent === "odd #%?");
    expect(await page.locator("#names-list .name").allTextContents()).toEqual(["<b>.html"]);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download: <b>.html" }).click();
    expect(readFileSync(await (await download).path(), "utf8")).toBe("<script>alert(1)</script>");
    await page.getByRole("button", { name: "Receive: <b>.html" }).click();
    expect(await page.locator("#receive-path").inputValue()).toBe("odd #%?/<b>.html");
    await page.getByRole("button", { name: "Send to this folder" }).click();
    expect(await page.locator("#send-path").inputValue()).toBe("odd #%?");
    await page.getByRole("button", { name: "Top: open" }).click();
    await page.getByRole("button", { name: "photos/", exact: true }).waitFor();
  });
});
