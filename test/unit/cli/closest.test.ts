import { expect, it } from "vitest";
import { closest } from "../../../src/cli/closest.ts";

const words = ["send", "recv", "have", "chunks"];

it.each([
  ["sned", "send"],
  ["receive", undefined],
  ["revc", "recv"],
  ["chunk", "chunks"],
  ["zzzz", undefined],
  ["", undefined],
])("%s is most like %s", (word, like) => {
  expect(closest(word, words)).toBe(like);
});

it("has no answer among nothing", () => {
  expect(closest("send", [])).toBeUndefined();
});
