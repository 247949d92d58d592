import { expect, test } from "vitest";
import { isCandidate, passes } from "../../../src/chunk/cafs-finder.ts";

test("the filter lets every candidate pass, and hardly anything else", () => {
  const largestS2 = 299_928;
  let [candidates, passed, missed] = [0, 0, 0];
  for (let s2 = 48; s2 <= largestS2; s2++) {
    // Every s1 would take minutes: a stride coprime to 8191 meets every residue of 8 * S2 + s1.
    for (let s1 = 1 + (s2 % 37); s1 <= 12_241; s1 += 37) {
      const candidate = isCandidate(s1, s2);
      const pass = passes(8 * s2 + s1);
      if (candidate) candidates++;
      if (pass) passed++;
      if (candidate && !pass) missed++;
    }
  }
  expect(candidates).toBeGreaterThan(10_000);
  expect(missed).toBe(0);
  expect(passed / candidates).toBeLessThan(5.1);
});
