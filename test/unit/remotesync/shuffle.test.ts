import { describe, expect, it } from "vitest";
import { shuffle, shuffledOrder, Shuffler, unshuffle } from "../../../src/remotesync/shuffle.ts";

describe("Shuffler", () => {
  it("follows the step by step example of the format", () => {
    const shuffler = new Shuffler<number>([2, 1, 0]);
    const returned = [0, 1, 2, 3, undefined, undefined].map((value) => shuffler.put(value));
    expect(returned).toEqual([undefined, 1, 0, 2, undefined, 3]);
  });
});

describe("shuffle", () => {
  it.each([
    [[0], 4, "0 1 2 3"],
    [[1, 0], 3, "- 0 1 2"],
    [[0, 2, 1], 4, "0 - 1 3 2 -"],
    [[3, 4, 2, 1, 0], 5, "- - 2 0 1 4 3 - -"],
    [[4, 3, 2, 1, 0], 2, "- - - 1 0 -"],
    [[1, 2, 0], 0, "- -"],
  ])("by %j of %i values", (perm, count, expected) => {
    const values = Array.from({ length: count }, (_, i) => i);
    const shuffled = [...shuffle(values, perm)];
    expect(shuffled.map((value) => value ?? "-").join(" ")).toBe(expected);
    expect([...shuffledOrder(count, perm)]).toEqual(shuffled.map((value) => value ?? -1));
    expect([...unshuffle(shuffled, perm)]).toEqual(values);
  });
});
