import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";

describe.skipIf(noBrowser !== undefined)("a store in a browser's IndexedDB", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  it("keeps what a store has to", async () => {
    const page = await browser.open("store-page.ts");
    const names = await page.evaluate(() => (globalThis as any).caseNames as string[]);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const failure = await page.evaluate(
        (name) =>
          (globalThis as any).runCase(name).then(
            () => "",
            (error: Error) => error.message,
          ),
        name,
      );
      expect({ name, failure }).toEqual({ name, failure: "" });
    }
  });
});
