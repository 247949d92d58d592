import fc from "fast-check";
import { expect, it } from "vitest";
import { byteStringOf } from "../../../src/bytes/byte-string.ts";
import { pathOf } from "../../../src/bytes/byte-path.node.ts";
import { decodeByteText, encodeByteText, writeOtherBytes } from "../../../src/bytes/byte-text.ts";

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc
    .tuple(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 3 }), fc.string({ unit: "binary" }))
    .map(([before, between, after]) => Buffer.concat([Buffer.from(before), between, Buffer.from(after)])),
);

it("any bytes come back, and UTF-8 is the text that it is", () => {
  fc.assert(
    fc.property(bytes, (given) => {
      const text = decodeByteText(given);
      expect([...encodeByteText(text)]).toEqual([...given]);
      const plain = Buffer.from(given).toString();
      if (Buffer.from(plain).equals(given)) expect(text).toBe(plain);
      else expect(Buffer.from(text).toString()).not.toBe(text);
    }),
  );
});

it.each([
  ["\xff", "\udcff"],
  ["a\xc3\xa9\xe9", "aé\udce9"],
  ["\xed\xb2\x80", "\udced\udcb2\udc80"],
  ["\xf0\x9f\x92\x80\x80", "💀\udc80"],
  ["\xc0\xaf", "\udcc0\udcaf"],
  ["\xf5\x80", "\udcf5\udc80"],
  ["", ""],
])("%j is %j", (latin1, text) => {
  expect(decodeByteText(Buffer.from(latin1, "latin1"))).toBe(text);
  expect(byteStringOf(encodeByteText(text))).toBe(latin1);
});

it("a path is bytes only where it has to be", () => {
  expect(pathOf("ü💀")).toBe("ü💀");
  expect(pathOf("ü\udce9")).toEqual(Buffer.from("\xc3\xbc\xe9", "latin1"));
});

it("other halves of pairs than those of bytes stay", () => {
  expect(writeOtherBytes("\udc10\ud83d", () => "x")).toBe("\udc10\ud83d");
});
