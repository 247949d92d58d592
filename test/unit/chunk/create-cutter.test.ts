import { execFileSync } from "node:child_process";
import { describe, expect, test, vi } from "vitest";
import { createCutter } from "../../../src/chunk/create-cutter.ts";
import { cafsSpec, fastcdcSpec, fixedSpec, maxChunkBytes } from "../../../src/chunk/cutter-specs.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import type { CutterSpec } from "../../../src/chunk/cutter.ts";
import { inputBytes, xorshiftBytes, type InputSpec } from "../../vectors/input.ts";
import { loadCases } from "../../vectors/load.ts";
import { cutAll } from "./cut-all.ts";
import { naiveCut } from "./naive-cutters.ts";

interface ChunkerCase {
  readonly name: string;
  readonly input: InputSpec;
  readonly sha256: string;
  readonly chunkSizes: readonly (readonly [size: number, count: number])[];
  readonly keysSha256: string;
}

const kernels = ["wasm", "js"] as const;

describe.each(kernels)("the vectors of CAFS, by %s", (kernel) => {
  const cutter = createCutter(cafsSpec, { kernel });

  test.each(loadCases<ChunkerCase>("cafs/chunker.json"))("$name", (vector) => {
    const bytes = inputBytes(vector.input);
    expect(toHex(sha256(bytes))).toBe(vector.sha256);
    const ends = cutAll(cutter, bytes);
    expect(sizesOf(ends)).toEqual(vector.chunkSizes.flatMap(([size, count]) => Array(count).fill(size)));
    // An empty file is one chunk of no bytes to CAFS; to a cutter it is none.
    const keys = sizesOf(ends.length === 0 ? [0] : ends).map((size, i) =>
      sha256(bytes.subarray((ends[i] ?? 0) - size, ends[i] ?? 0)),
    );
    expect(toHex(sha256(concatBytes(keys)))).toBe(vector.keysSha256);
  });
});

const specs: CutterSpec[] = [cafsSpec, fastcdcSpec(), fastcdcSpec(256), fastcdcSpec(65536), fixedSpec(4096)];

const inputs: Record<string, Uint8Array> = {
  nothing: new Uint8Array(),
  "one byte": Uint8Array.of(7),
  random: xorshiftBytes(1, 700_000),
  zeros: new Uint8Array(600_000),
  ff: new Uint8Array(600_000).fill(255),
  "period 48": repeated(xorshiftBytes(48, 48), 400_000),
  "period 2, an end at every second byte": repeated(Uint8Array.of(0x07, 0x2d), 300_000),
  "period 32": repeated(xorshiftBytes(5, 32), 400_000),
};

describe.each(kernels)("cut by %s as by the plain rule", (kernel) => {
  describe.each(specs)("$name $averageBytes", (spec) => {
    test.each(Object.entries(inputs))("%s", (_, bytes) => {
      expect(cutAll(createCutter(spec, { kernel }), bytes)).toEqual(naiveCut(bytes, spec));
    });
  });
});

test.each(kernels)("a cutter by %s serves one blob after another", (kernel) => {
  const cutter = createCutter(fastcdcSpec(), { kernel });
  const first = cutAll(cutter, inputs["random"]!);
  cutAll(cutter, inputs["zeros"]!);
  expect(cutAll(cutter, inputs["random"]!)).toEqual(first);
});

test("the cuts of our own rule are what they have always been", () => {
  const ends = cutAll(createCutter(fastcdcSpec()), xorshiftBytes(1, 1_000_000));
  expect(ends.length).toMatchInlineSnapshot(`108`);
  expect(ends.slice(0, 5)).toMatchInlineSnapshot(`
    [
      8689,
      17023,
      27418,
      32868,
      43896,
    ]
  `);
  expect(toHex(sha256(new TextEncoder().encode(ends.join())))).toMatchInlineSnapshot(
    `"74169f978fcfb74e80dad5ba553de857c7119119cb0ebe65732340cab97d18f1"`,
  );
});

test("a buffer holds one block and one chunk", () => {
  for (const spec of specs) {
    expect(createCutter(spec).buffer.length).toBeGreaterThanOrEqual(1024 * 1024 + spec.maxBytes);
  }
});

test.each(kernels)("the longest chunks fit by %s", (kernel) => {
  const cutter = createCutter(fastcdcSpec(2 ** 21), { kernel });
  expect(Array.from(cutter.cut(cutter.buffer.length, true))).toEqual([maxChunkBytes, cutter.buffer.length]);
});

test("a full buffer of the shortest chunks fits", () => {
  for (const spec of [fixedSpec(1), { ...fastcdcSpec(256), averageBytes: 256, maxBytes: 256 }]) {
    const cutter = createCutter(spec);
    const ends = cutter.cut(cutter.buffer.length, true);
    expect(ends.length).toBe(Math.ceil(cutter.buffer.length / spec.maxBytes));
    expect(ends.at(-1)).toBe(cutter.buffer.length);
  }
});

test("where WebAssembly is refused, TypeScript takes its place, unless it was asked for", () => {
  vi.spyOn(WebAssembly, "Instance").mockImplementation(function () {
    throw new WebAssembly.CompileError("refused");
  });
  try {
    const bytes = inputs["random"]!;
    expect(cutAll(createCutter(fastcdcSpec()), bytes)).toEqual(naiveCut(bytes, fastcdcSpec()));
    expect(() => createCutter(cafsSpec, { kernel: "wasm" })).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED" }),
    );
  } finally {
    vi.restoreAllMocks();
  }
});

test("the kernel is what its source says", () => {
  execFileSync(process.execPath, ["scripts/build-kernel.mjs", "--check"]);
});

function sizesOf(ends: readonly number[]): number[] {
  return ends.map((end, i) => end - (ends[i - 1] ?? 0));
}

function repeated(pattern: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => pattern[i % pattern.length]!);
}
