import { afterAll, beforeAll, expect, it } from "vitest";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";
import { expectCasesToHold } from "./page-cases.ts";
import { unless } from "../obstacles.ts";

unless(noBrowser).describe("a data channel of WebRTC", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  it("keeps what a transport has to", async () => {
    const page = await browser.open("data-channel-page.ts");
    await expectCasesToHold(page, "");
    await page.close();
  });

  it("carries a session from one page to another", async () => {
    const [left, right] = [
      await browser.open("data-channel-page.ts"),
      await browser.open("data-channel-page.ts"),
    ];
    const offered = await left.evaluate(() => (globalThis as any).offer() as string);
    const answered = await right.evaluate(
      (offered) => (globalThis as any).answer(offered) as string,
      offered,
    );
    await left.evaluate((answered) => (globalThis as any).accept(answered), answered);
    const [sentBytes, names] = await Promise.all([
      left.evaluate(() => (globalThis as any).send() as number),
      right.evaluate(() => (globalThis as any).receive() as string[]),
    ]);
    expect(sentBytes).toBeGreaterThan(5);
    expect(names.sort()).toEqual(["big 3000000", "small 5"]);
  });
});
