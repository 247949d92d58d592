import { expect, test } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";

test("every byte has two lower-case digits, and comes back in either case", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(toHex(all)).toBe(Buffer.from(all).toString("hex"));
  expect(fromHex(toHex(all))).toEqual(all);
  expect(fromHex(toHex(all).toUpperCase())).toEqual(all);
  expect(toHex(new Uint8Array())).toBe("");
});

test.each(["0", "abc", "0g", "g0", "0x", " 0", "@0", "`0", "0:", "０0", "\u01300"])("refuses %j", (text) => {
  expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
});
