import { expect, test } from "vitest";
import { equalBytes } from "../../../src/bytes/compare.ts";
import { ByteReader, ByteWriter } from "../../../src/bytes/cursor.ts";

const badMessage = expect.objectContaining({ code: "BAD_MESSAGE" });

test("numbers are big-endian", () => {
  const writer = new ByteWriter();
  writer.u8(0x01);
  writer.u24(0x020304);
  writer.u32(0xf5060708);
  writer.bytes(Uint8Array.of(9, 10));
  expect(writer.length).toBe(10);
  const bytes = writer.finish();
  expect(bytes).toEqual(Uint8Array.of(1, 2, 3, 4, 0xf5, 6, 7, 8, 9, 10));

  const reader = new ByteReader(bytes);
  expect([reader.u8(), reader.u24(), reader.u32()]).toEqual([0x01, 0x020304, 0xf5060708]);
  expect(reader.remaining).toBe(2);
  expect(() => reader.end()).toThrow(badMessage);
  expect(reader.bytes(2)).toEqual(Uint8Array.of(9, 10));
  reader.end();
});

test.each([
  [0, [0]],
  [127, [0x7f]],
  [128, [0x80, 1]],
  [16384, [0x80, 0x80, 1]],
  [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
  [Number.MAX_SAFE_INTEGER, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
])("%d is written as %j", (value, bytes) => {
  const writer = new ByteWriter();
  writer.uvarint(value);
  expect([...writer.finish()]).toEqual(bytes);
  expect(new ByteReader(Uint8Array.from(bytes)).uvarint()).toBe(value);
});

test.each([
  ["cut off", [0x80]],
  ["empty", []],
  ["longer than needed", [0x80, 0x00]],
  ["2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
  ["nine bytes", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x8f, 0x00]],
  ["without an end", Array.from({ length: 40 }, () => 0x80)],
])("a number that is %s is refused", (_, bytes) => {
  expect(() => new ByteReader(Uint8Array.from(bytes)).uvarint()).toThrow(badMessage);
});

test("reading past the end is refused, and takes nothing", () => {
  const reader = new ByteReader(Uint8Array.of(1, 2));
  expect(() => reader.u24()).toThrow(badMessage);
  expect(() => reader.u32()).toThrow(badMessage);
  expect(() => reader.bytes(3)).toThrow(badMessage);
  expect(() => reader.bytes(Number.MAX_SAFE_INTEGER)).toThrow(badMessage);
  expect(() => reader.bytes(-1)).toThrow(badMessage);
  expect(() => reader.bytes(Number.NaN)).toThrow(badMessage);
  expect(reader.remaining).toBe(2);
});

test.each(["u8", "u24", "u32", "uvarint"] as const)("a writer grows under %s", (kind) => {
  const writer = new ByteWriter();
  for (let n = 1; n <= 3000; n++) writer[kind](n % 256);
  const reader = new ByteReader(writer.finish());
  for (let n = 1; n <= 3000; n++) expect(reader[kind]()).toBe(n % 256);
  reader.end();
});

test("a writer grows, and what it gave away stays as it was", () => {
  const writer = new ByteWriter();
  writer.u8(7);
  const early = writer.finish();
  const block = new Uint8Array(100_000).fill(3);
  writer.bytes(block);
  expect(early).toEqual(Uint8Array.of(7));
  expect(equalBytes(writer.finish().subarray(1), block)).toBe(true);
});

test("the last of some bytes are written behind what was, however many there are", () => {
  const writer = new ByteWriter();
  writer.u8(7);
  writer.bytesFrom(new Uint8Array(1000).fill(1), 400);
  writer.bytesFrom(Uint8Array.of(1, 2, 3), 3);
  expect(writer.finish()).toEqual(Uint8Array.of(7, ...new Uint8Array(600).fill(1)));
});
