import fc from "fast-check";
import { expect, it } from "vitest";
import { shortenMiddle, widthOf } from "../../../src/cli/report/display-width.ts";

it.each([
  ["abc", 3],
  ["日本語", 6],
  ["한국", 4],
  ["ｆｕｌｌ", 8],
  ["e\u0301", 1],
  ["😀", 2],
  ["\ufffd", 1],
  ["", 0],
])("%s takes %d columns", (text, columns) => {
  expect(widthOf(text)).toBe(columns);
});

it.each([
  ["short.txt", 20, "short.txt"],
  ["abcdefghijklmnop.txt", 11, "abcd....txt"],
  ["日本語日本語日本語.txt", 13, "日本語....txt"],
  ["e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", 5, "e\u0301...e\u0301"],
  ["abcdef", 3, ""],
])("%s in %d columns is %s", (text, columns, short) => {
  expect(shortenMiddle(text, columns)).toBe(short);
});

it("never takes more room than there is, and keeps both ends", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc.integer({ min: 0, max: 90 }),
      (text, columns) => {
        const short = shortenMiddle(text, columns);
        expect(widthOf(short)).toBeLessThanOrEqual(Math.max(columns, 0));
        if (short === text) return;
        const [start = "", end = ""] = short === "" ? [] : short.split(/\.\.\.(?=[^]*$)/);
        expect(short === "" || (text.startsWith(start) && text.endsWith(end)) || short.includes("...")).toBe(
          true,
        );
      },
    ),
  );
});
