import { describe, expect, it } from "vitest";
import {
  checkPermutation,
  invertPermutation,
  maxPermutationCount,
  randomPermutation,
} from "../../../src/remotesync/permutation.ts";
import { failureOf } from "./exchange-parts.ts";

describe("checkPermutation", () => {
  it("flaws 3 and 16: takes bijections and nothing else, of all short lists", async () => {
    const elements = [-1, 0, 1, 2, 1.5, "0", null];
    const lists: unknown[][] = [[]];
    for (const list of lists)
      if (list.length < 3) for (const element of elements) lists.push([...list, element]);
    const accepted: string[] = [];
    for (const list of lists) {
      const failure = await failureOf(() => checkPermutation(list as number[]));
      if (failure === "no failure") accepted.push(JSON.stringify(list));
      else expect(failure).toBe("BAD_PERMUTATION");
    }
    expect(accepted.sort()).toEqual(
      ["[0]", "[0,1]", "[1,0]", "[0,1,2]", "[0,2,1]", "[1,0,2]", "[1,2,0]", "[2,0,1]", "[2,1,0]"].sort(),
    );
  });

  it("flaw 18: has a limit", async () => {
    for (const count of [maxPermutationCount - 1, maxPermutationCount, maxPermutationCount + 1]) {
      const perm = Array.from({ length: count }, (_, i) => i);
      const expected = count > maxPermutationCount ? "LIMIT" : "no failure";
      expect(await failureOf(() => checkPermutation(perm))).toBe(expected);
      expect(await failureOf(() => checkPermutation(perm, count))).toBe("no failure");
    }
  });
});

describe("invertPermutation", () => {
  it.each([
    [[0], [0]],
    [
      [1, 0],
      [0, 1],
    ],
    [
      [2, 1, 0],
      [1, 0, 2],
    ],
    [
      [3, 4, 2, 1, 0],
      [3, 2, 1, 4, 0],
    ],
  ])("of %j is %j", (perm, inverse) => {
    expect(invertPermutation(perm)).toEqual(inverse);
  });
});

describe("randomPermutation", () => {
  it("gives each permutation for exactly one sequence of draws", () => {
    const seen = new Set<string>();
    for (const first of [0, 1, 2]) {
      for (const second of [0, 1]) {
        const draws = [first, second];
        const perm = randomPermutation(3, (limit) => {
          const drawn = draws.shift()!;
          expect(drawn).toBeLessThan(limit);
          return drawn;
        });
        checkPermutation(perm);
        seen.add(perm.join());
      }
    }
    expect(seen.size).toBe(6);
  });
});
