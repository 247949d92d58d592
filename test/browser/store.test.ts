import { afterAll, beforeAll, expect, it } from "vitest";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";
import { expectCasesToHold } from "./page-cases.ts";
import { unless } from "../obstacles.ts";

unless(noBrowser).describe("a store in a browser", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  it.each(["IndexedDB", "OPFS"])("in %s keeps what a store has to", async (suite) => {
    const page = await browser.open("store-page.ts");
    await expectCasesToHold(page, suite);
    await page.close();
  });

  it("in OPFS writes together what is put together, and forgets what is deleted", async () => {
    const page = await browser.open("store-page.ts");
    const { files, missing } = await page.evaluate(() => (globalThis as any).keepMany());
    expect(files).toBe(1);
    expect(missing).toEqual([7]);
    await page.close();
  });

  it("in OPFS gives out nothing that was damaged", async () => {
    const page = await browser.open("store-page.ts");
    expect(await page.evaluate(() => (globalThis as any).damage())).toBe("CORRUPT");
    await page.close();
  });
});
