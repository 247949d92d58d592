import { expect, test } from "vitest";
import { lengthIn, totalIn } from "../../../src/bucket/told-content.ts";

function answerWith(headers: Readonly<Record<string, string>>): Response {
  return new Response(null, { headers });
}

test("the length of an object is a number that is exact", () => {
  expect(lengthIn(answerWith({ "content-length": "999999999999999" }))).toBe(999_999_999_999_999);
  expect(lengthIn(answerWith({ "x-goog-stored-content-length": "0" }))).toBe(0);
  for (const told of ["", "-1", "1e3", "0x10", "much", "9".repeat(16)])
    for (const name of ["content-length", "x-goog-stored-content-length"])
      expect(() => lengthIn(answerWith({ [name]: told })), told).toThrow("does not tell the length");
  expect(() => lengthIn(answerWith({}))).toThrow("does not tell the length");
});

test("so is that of one of which a range comes", () => {
  const total = (range: string) =>
    totalIn(answerWith({ "content-range": range }), { offset: 2, length: 3 }, 3);
  expect(total("bytes 2-4/9")).toBe(9);
  for (const range of ["bytes 2-4/*", "bytes 1-3/9", "bytes 2-5/9", `bytes 2-4/${"9".repeat(16)}`])
    expect(() => total(range), range).toThrow("another range");
});
