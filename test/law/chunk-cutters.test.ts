import fc from "fast-check";
import { expect, test } from "vitest";
import { createCutter } from "../../src/chunk/create-cutter.ts";
import { cutChunks } from "../../src/chunk/cut-chunks.ts";
import { cafsSpec, fastcdcSpec, fixedSpec } from "../../src/chunk/cutter-specs.ts";
import type { CutterSpec } from "../../src/chunk/cutter.ts";
import { cutAll } from "../unit/chunk/cut-all.ts";
import { naiveCut } from "../unit/chunk/naive-cutters.ts";
import { inputBytes, xorshiftBytes, type InputSpec } from "../vectors/input.ts";

const specs: readonly CutterSpec[] = [
  cafsSpec,
  fastcdcSpec(256),
  { name: "fastcdc", minBytes: 64, averageBytes: 64, maxBytes: 65 },
  { name: "fastcdc", minBytes: 100, averageBytes: 1024, maxBytes: 1500 },
  fixedSpec(777),
];

const cutters = specs.map((spec) => ({
  spec,
  wasm: createCutter(spec, { kernel: spec.name === "fixed" ? "auto" : "wasm" }),
  js: createCutter(spec, { kernel: "js" }),
}));

const anyCutter = fc.constantFrom(...cutters);

/** Content with order in it: noise, runs of one byte, short patterns repeated. */
const anyPart: fc.Arbitrary<InputSpec> = fc.oneof(
  fc.record({ kind: fc.constant("xs32" as const), seed: fc.integer({ min: 1 }), size: fc.nat(20_000) }),
  fc.record({ kind: fc.constant("const" as const), byte: fc.nat(255), size: fc.nat(140_000) }),
  fc.record({
    kind: fc.constant("repeat" as const),
    of: fc.record({ kind: fc.constant("xs32" as const), seed: fc.integer({ min: 1 }), size: fc.nat(64) }),
    times: fc.nat(300),
  }),
);

const anyBlob = fc.array(anyPart, { maxLength: 5 }).map((parts) => inputBytes({ kind: "concat", parts }));

test("WebAssembly, TypeScript and the plain rule cut alike, however the blob is offered", () => {
  const blockSize = fc.integer({ min: 1000, max: 200_000 });
  fc.assert(
    fc.property(anyCutter, anyBlob, blockSize, ({ spec, wasm, js }, blob, blockBytes) => {
      const ends = naiveCut(blob, spec);
      expect(cutAll(wasm, blob)).toEqual(ends);
      expect(cutAll(js, blob)).toEqual(ends);
      expect(cutAll(wasm, blob, blockBytes)).toEqual(ends);
      expect(cutAll(js, blob, blockBytes)).toEqual(ends);
    }),
    { numRuns: 60 },
  );
});

test("chunks keep to their sizes and cover the blob", () => {
  fc.assert(
    fc.property(anyCutter, anyBlob, ({ spec, wasm }, blob) => {
      const ends = cutAll(wasm, blob);
      expect(ends.at(-1) ?? 0).toBe(blob.length);
      ends.forEach((end, i) => {
        const size = end - (ends[i - 1] ?? 0);
        expect(size).toBeLessThanOrEqual(spec.maxBytes);
        expect(size).toBeGreaterThanOrEqual(i === ends.length - 1 ? 1 : spec.minBytes);
      });
    }),
  );
});

test("any split of a stream gives the same chunks", async () => {
  const blob = xorshiftBytes(9, 2_500_000);
  const ends = naiveCut(blob, fastcdcSpec());
  const sizes = fc.array(fc.oneof(fc.nat(3000), fc.nat(1_500_000)), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(sizes, async (pieces) => {
      async function* source(): AsyncGenerator<Uint8Array> {
        let at = 0;
        for (const size of pieces) yield blob.subarray(at, (at += size));
        yield blob.subarray(at);
      }
      let end = 0;
      const found: number[] = [];
      for await (const chunk of cutChunks(source(), fastcdcSpec())) found.push((end += chunk.bytes.length));
      expect(found).toEqual(ends);
    }),
    { numRuns: 15 },
  );
});

test("after an insertion the cuts soon fall in step again", () => {
  const blob = xorshiftBytes(11, 2_000_000);
  const rolling = [cafsSpec, fastcdcSpec()].map((spec) => ({ cutter: createCutter(spec) }));
  const anyPlace = fc.integer({ min: 0, max: 1_000_000 });
  const insertion = fc.uint8Array({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(fc.constantFrom(...rolling), anyPlace, insertion, ({ cutter }, place, inserted) => {
      const edited = new Uint8Array(blob.length + inserted.length);
      edited.set(blob.subarray(0, place));
      edited.set(inserted, place);
      edited.set(blob.subarray(place), place + inserted.length);

      const before = new Set(cutAll(cutter, blob));
      const after = cutAll(cutter, edited);
      const kept = after.filter((end) => before.has(end > place ? end - inserted.length : end));
      expect(after.length - kept.length).toBeLessThanOrEqual(20);
      expect(before.has(after.at(-2)! - inserted.length)).toBe(true);
    }),
    { numRuns: 30 },
  );
});
