import { expect, test } from "vitest";
import { createCutter } from "../../../src/chunk/create-cutter.ts";
import {
  cafsSpec,
  casyncSpec,
  checkCutterSpec,
  fastcdcSpec,
  fixedSpec,
  maxChunkBytes,
} from "../../../src/chunk/cutter-specs.ts";
import type { CutterSpec } from "../../../src/chunk/cutter.ts";

const unsupported = expect.objectContaining({ code: "UNSUPPORTED" });

test("the default is 8 KiB on average, a quarter at least, eight times at most", () => {
  expect(fastcdcSpec()).toEqual({ name: "fastcdc", minBytes: 2048, averageBytes: 8192, maxBytes: 65536 });
});

test("the default of casync's rule is desync's, 16:64:256 KiB", () => {
  const [minBytes, averageBytes, maxBytes] = [16, 64, 256].map((size) => size * 1024);
  expect(casyncSpec()).toEqual({ name: "casync", minBytes, averageBytes, maxBytes });
});

test.each([cafsSpec, fastcdcSpec(256), fastcdcSpec(2 ** 21), fixedSpec(1), fixedSpec(maxChunkBytes)])(
  "accepts $name $averageBytes",
  (spec) => expect(checkCutterSpec(spec)).toBe(spec),
);

const fastcdc = fastcdcSpec();

test.each<[string, CutterSpec]>([
  ["a rule of another name", { ...fastcdc, name: "buzhash" as "fastcdc" }],
  ["a name of Object's own", { ...fastcdc, name: "constructor" as "fastcdc" }],
  ["cafs with another size", { ...cafsSpec, maxBytes: 65536 }],
  ["cafs with another least size", { ...cafsSpec, minBytes: 64 }],
  ["cafs with another average", { ...cafsSpec, averageBytes: 4096 }],
  ["an average that is no power of two", { ...fastcdc, averageBytes: 8191 }],
  ["a least size of 0", { ...fastcdc, minBytes: 0 }],
  ["a least size below the window", { ...fastcdc, minBytes: 32 }],
  ["a negative size", { ...fastcdc, minBytes: -2048 }],
  ["half a byte", { ...fastcdc, minBytes: 2048.5 }],
  ["NaN", { ...fastcdc, maxBytes: Number.NaN }],
  ["infinity", { ...fastcdc, maxBytes: Number.POSITIVE_INFINITY }],
  ["a text", { ...fastcdc, maxBytes: "65536" as unknown as number }],
  ["the least above the average", { ...fastcdc, minBytes: 16384 }],
  ["the average above the most", { ...fastcdc, maxBytes: 4096 }],
  ["chunks that are too long", { ...fastcdc, maxBytes: maxChunkBytes + 1 }],
  ["fixed with two sizes", { ...fixedSpec(4096), maxBytes: 8192 }],
])("refuses %s", (_, spec) => {
  expect(() => checkCutterSpec(spec)).toThrow(unsupported);
  expect(() => createCutter(spec)).toThrow(unsupported);
});

test.each([0, 100, 128, 5000, 2 ** 22, Number.NaN])("there is no fastcdc of %d bytes", (averageBytes) => {
  expect(() => fastcdcSpec(averageBytes)).toThrow(unsupported);
});
