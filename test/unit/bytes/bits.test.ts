import { expect, test } from "vitest";
import { BitReader, BitWriter } from "../../../src/bytes/bits.ts";

test("the first bit is the most significant one, and fill bits are 0", () => {
  const writer = new BitWriter();
  for (const bit of [false, false, true, false, false, true]) writer.push(bit);
  expect(writer.count).toBe(6);
  expect(writer.finish()).toEqual(Uint8Array.of(0x24));
  for (const bit of [true, true, true]) writer.push(bit);
  expect(writer.finish()).toEqual(Uint8Array.of(0x27, 0x80));
});

test("a reader gives the bits back, then refuses", () => {
  const reader = new BitReader(Uint8Array.of(0xa5));
  const bits = Array.from({ length: 8 }, () => reader.next());
  expect(bits).toEqual([true, false, true, false, false, true, false, true]);
  expect(() => reader.next()).toThrow(expect.objectContaining({ code: "TRUNCATED" }));
});

test("no bits are no bytes", () => {
  expect(new BitWriter().finish()).toEqual(new Uint8Array());
  expect(() => new BitReader(new Uint8Array()).next()).toThrow(
    expect.objectContaining({ code: "TRUNCATED" }),
  );
});
