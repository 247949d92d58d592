import type { Page } from "playwright-core";
import { expect } from "vitest";

/**
 * Runs the cases of a suite in a page, which has `caseNames` and `runCase` on its `globalThis`.
 *
 * @param suite which one, for a page that has several, or makes one of it
 */
export async function expectCasesToHold(page: Page, suite: string): Promise<void> {
  const names = await page.evaluate((suite) => (globalThis as any).caseNames(suite) as string[], suite);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    const failure = await page.evaluate(
      ([suite, name]) =>
        (globalThis as any).runCase(suite, name).then(
          () => "",
          (error: Error) => error.message,
        ),
      [suite, name],
    );
    expect({ name, failure }).toEqual({ name, failure: "" });
  }
}
