import { afterEach, expect, test, vi } from "vitest";
import { findGearEnds, gearRule } from "../../../src/chunk/fastcdc-finder.ts";
import { gearTable } from "../../../src/chunk/gear.ts";
import { findLineEnds } from "../../../src/chunk/line-finder.ts";
import { createPieceKernel } from "../../../src/chunk/piece-kernel.ts";
import { gearPieceSizes, smallPieceRule, type PieceRule } from "../../../src/chunk/piece-rules.ts";
import { pieceEndCount } from "../../../src/chunk/pieces.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { naivePieces } from "./naive-pieces.ts";

const key = new Uint8Array(32);
const kernels = ["wasm", "js"] as const;
const smallest = { kind: "gear", averageBytes: 128 } as const;

/** Contents that leave nowhere to cut, or everywhere. */
const patterns: Record<string, Uint8Array> = {
  zeros: new Uint8Array(300_000),
  "line feeds only": new Uint8Array(300_000).fill(10),
  "no line feeds": xorshiftBytes(2, 300_000).map((byte) => (byte === 10 ? 11 : byte)),
  "a line of 31 bytes over and over": Uint8Array.from({ length: 300_000 }, (_, i) =>
    i % 31 === 30 ? 10 : 65,
  ),
  "a period of 7 bytes": Uint8Array.from({ length: 300_000 }, (_, i) => 37 * (i % 7)),
};

afterEach(() => void vi.restoreAllMocks());

test.each(kernels)("all contents are cut as by the plain rules: %s", (language) => {
  const kernel = createPieceKernel(key, { kernel: language });
  for (const content of Object.values(patterns)) {
    kernel.buffer.set(content);
    for (const rule of [smallest, smallPieceRule(true)]) {
      expect(Array.from(kernel.cut(rule, content.length, true))).toEqual(naivePieces(content, rule));
    }
  }
});

test.each(Object.entries(patterns))("no byte is looked at more than three times: %s", (_, content) => {
  let readCount = 0;
  const watched = new Proxy(content, {
    get(bytes, at) {
      readCount++;
      return bytes[Number(at)];
    },
  });
  const ends = new Uint32Array(pieceEndCount);
  findGearEnds(watched, content.length, ends, gearTable(), gearRule(gearPieceSizes(smallest)));
  expect(readCount).toBeLessThanOrEqual(3 * content.length);
  readCount = 0;
  findLineEnds(watched, content.length, ends, gearTable());
  expect(readCount).toBeLessThanOrEqual(3 * content.length);
  expect(readCount).toBeGreaterThan(0);
});

test.each(kernels)("a full buffer of the shortest pieces fits: %s", (language) => {
  const kernel = createPieceKernel(key, { kernel: language });
  expect(pieceEndCount * 32).toBeGreaterThan(kernel.buffer.length);
  const ends = Uint32Array.from({ length: pieceEndCount }, (_, i) => Math.min(32 * i, kernel.buffer.length));
  const macs = kernel.macs(ends);
  expect(macs.length).toBe(8 * pieceEndCount);
  expect(macs.slice(8, 16)).toEqual(macs.slice(-8));
  expect(macs.slice(0, 8)).not.toEqual(macs.slice(-8));
  kernel.buffer.fill(10);
  for (const rule of [smallest, smallPieceRule(true)]) {
    expect(kernel.cut(rule, kernel.buffer.length, true).at(-1)).toBe(kernel.buffer.length);
  }
});

test.each(kernels)("the MAC of a piece begins that of a file with its content: %s", (language) => {
  const kernel = createPieceKernel(key, { kernel: language });
  for (let i = 0; i < kernel.buffer.length; i++) kernel.buffer[i] = (i * i) >> 7;
  for (const size of [0, 1, 1024, 1025, 100_000, kernel.buffer.length]) {
    kernel.update(0, size);
    const mac = kernel.digest();
    expect(kernel.macs(Uint32Array.of(size))).toEqual(mac.subarray(0, 8));
  }
});

test("averages that no piece has are refused", () => {
  const kernel = createPieceKernel(key);
  for (const averageBytes of [0, 64, 100, 129, 262_144, Number.NaN, Infinity]) {
    expect(() => kernel.cut({ kind: "gear", averageBytes } satisfies PieceRule, 1000, true)).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED" }),
    );
  }
});

test("where WebAssembly is refused, TypeScript takes its place, unless it was asked for", () => {
  const expected = macsBy("wasm");
  const refuse = vi.spyOn(WebAssembly, "Instance").mockImplementation(function () {
    throw new WebAssembly.CompileError("refused");
  });
  expect(macsBy("auto")).toEqual(expected);
  expect(refuse).toHaveBeenCalled();
  expect(() => createPieceKernel(key, { kernel: "wasm" })).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED" }),
  );
});

function macsBy(kernel: "auto" | "wasm"): number[] {
  const { buffer, macs } = createPieceKernel(key, { kernel });
  buffer.set(patterns["no line feeds"]!);
  return Array.from(macs(Uint32Array.of(100, 300_000)));
}
