import type { ConformanceCase } from "../../src/testing/case.ts";

/** What `expectCasesToHold` calls in a page. */
export function suiteCalls(casesOf: (suite: string) => readonly ConformanceCase[]) {
  return {
    caseNames: (suite: string) => casesOf(suite).map(({ name }) => name),
    runCase: (suite: string, name: string) =>
      casesOf(suite)
        .find((each) => each.name === name)!
        .run(),
  };
}
