import fc from "fast-check";
import { expect, test } from "vitest";
import { createPieceKernel } from "../../src/chunk/piece-kernel.ts";
import { macSubkeys } from "../../src/chunk/mac-subkeys.ts";
import { pieceRuleFor, smallPieceRule, type PieceRule } from "../../src/chunk/piece-rules.ts";
import { naivePieces } from "../unit/chunk/naive-pieces.ts";
import { naiveUhash } from "../unit/chunk/naive-uhash.ts";
import { inputBytes, xorshiftBytes, type InputSpec } from "../vectors/input.ts";

const key = xorshiftBytes(5, 32);
const subkeys = macSubkeys(key);
const kernels = (["js", "wasm"] as const).map((kernel) => createPieceKernel(key, { kernel }));

const rules: readonly PieceRule[] = [
  smallPieceRule(true),
  smallPieceRule(false),
  pieceRuleFor(4096)!,
  pieceRuleFor(2 ** 20)!,
  pieceRuleFor(2 ** 31)!,
  pieceRuleFor(2 ** 50)!,
];

const anySource: fc.Arbitrary<InputSpec> = fc.record({
  kind: fc.constant("xs32" as const),
  seed: fc.integer({ min: 1 }),
  size: fc.nat(300),
});

/** Noise, runs of one byte, line feeds among them, and short patterns repeated. */
const anyPart: fc.Arbitrary<InputSpec> = fc.oneof(
  fc.record({ kind: fc.constant("xs32" as const), seed: fc.integer({ min: 1 }), size: fc.nat(20_000) }),
  fc.record({
    kind: fc.constant("const" as const),
    byte: fc.constantFrom(0, 10, 65),
    size: fc.oneof(fc.nat(200), fc.nat(600_000)),
  }),
  fc.record({ kind: fc.constant("repeat" as const), of: anySource, times: fc.nat(300) }),
);

const anyContent = fc
  .array(anyPart, { maxLength: 5 })
  .map((parts) => inputBytes({ kind: "concat", parts }).subarray(0, kernels[0]!.buffer.length));

test("pieces end where the plain rules say", () => {
  fc.assert(
    fc.property(anyContent, fc.constantFrom(...rules), (content, rule) => {
      const ends = naivePieces(content, rule);
      for (const kernel of kernels) {
        kernel.buffer.set(content);
        expect(Array.from(kernel.cut(rule, content.length, true))).toEqual(ends);
      }
    }),
    { numRuns: 60 },
  );
});

test("pieces that are sure do not depend on what comes behind", () => {
  fc.assert(
    fc.property(anyContent, fc.constantFrom(...rules), fc.nat(), (content, rule, any) => {
      const length = any % (content.length + 1);
      for (const kernel of kernels) {
        kernel.buffer.set(content);
        const sure = Array.from(kernel.cut(rule, length, false));
        const all = Array.from(kernel.cut(rule, content.length, true));
        expect(sure).toEqual(all.slice(0, sure.length));
        expect((all[sure.length] ?? length) - (sure.at(-1) ?? 0)).toBeLessThanOrEqual(kernel.buffer.length);
      }
    }),
    { numRuns: 60 },
  );
});

test("the MACs of pieces are UHASH-64 of each", () => {
  const content = xorshiftBytes(3, 20_000);
  const anySizes = fc.array(fc.oneof(fc.nat(100), fc.nat(3000)), { maxLength: 8 });
  fc.assert(
    fc.property(anySizes, (sizes) => {
      let end = 0;
      const ends = Uint32Array.from(sizes, (size) => (end = Math.min(end + size, content.length)));
      const expected = Array.from(ends, (to, i) =>
        Array.from(naiveUhash(subkeys, content.subarray(ends[i - 1] ?? 0, to), 2)),
      );
      for (const kernel of kernels) {
        kernel.buffer.set(content);
        expect(Array.from(kernel.macs(ends))).toEqual(expected.flat());
      }
    }),
    { numRuns: 60 },
  );
});

test("the MAC of a file is UHASH-128, however its bytes come", () => {
  const content = xorshiftBytes(4, 20_000);
  const anySizes = fc.array(fc.oneof(fc.nat(40), fc.nat(1100), fc.nat(5000)), { maxLength: 8 });
  fc.assert(
    fc.property(anySizes, (sizes) => {
      for (const kernel of kernels) {
        kernel.buffer.set(content);
        let end = 0;
        for (const size of sizes) kernel.update(end, (end = Math.min(end + size, content.length)));
        expect(kernel.digest()).toEqual(naiveUhash(subkeys, content.subarray(0, end), 4));
      }
    }),
    { numRuns: 60 },
  );
});

test("another key changes every MAC", () => {
  const content = xorshiftBytes(6, 50_000);
  const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(anyKey, fc.nat(255), (one, place) => {
      const other = one.map((byte, i) => byte ^ (i === place >> 3 ? 1 << (place & 7) : 0));
      const [macs, otherMacs] = [one, other].map((each) => {
        const kernel = createPieceKernel(each);
        kernel.buffer.set(content);
        const ends = kernel.cut(smallPieceRule(false), content.length, true);
        const ofPieces = new BigUint64Array(kernel.macs(ends).slice().buffer);
        kernel.update(0, content.length);
        return [...ofPieces, ...new BigUint64Array(kernel.digest().buffer)];
      });
      expect(new Set([...macs!, ...otherMacs!]).size).toBe(2 * macs!.length);
    }),
    { numRuns: 10 },
  );
});

test("few bytes of their MACs tell pieces apart that are much the same", () => {
  const pieceCount = 20_000;
  const ends = Uint32Array.from({ length: pieceCount }, (_, i) => 32 * (i + 1));
  let sameCount = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const kernel = createPieceKernel(xorshiftBytes(seed, 32));
    for (const [i, end] of ends.entries()) kernel.buffer.set(textOf(`${i}`.padEnd(32)), end - 32);
    const macs = kernel.macs(ends);
    const firstBytes = (_: unknown, i: number) =>
      (macs[8 * i]! << 16) | (macs[8 * i + 1]! << 8) | macs[8 * i + 2]!;
    sameCount += pieceCount - new Set(Array.from(ends, firstBytes)).size;
  }
  // Of 8 times 20,000 random numbers of 24 bits, some 95 are there already.
  expect(sameCount).toBeLessThan(140);
});

const textOf = (text: string) => new TextEncoder().encode(text);

/** Source text as people write it: words, indentation, short and empty lines. */
function sourceText(seed: number, size: number): Uint8Array {
  const words = [
    "static",
    "int",
    "return",
    "struct",
    "if (ret)",
    "dev->regs",
    "u32",
    "goto out;",
    "{",
    "}",
    "",
  ];
  const dice = xorshiftBytes(seed, 2 * size);
  let text = "";
  for (let i = 0; text.length < size;) {
    text += "\t".repeat(dice[i++]! % 4);
    for (let count = dice[i++]! % 7; count >= 0; count--)
      text += `${words[dice[i++]! % words.length]} ${dice[i++]!} `;
    text += "\n";
  }
  return new TextEncoder().encode(text).subarray(0, size);
}

/** Rows of letters that all have 40 bytes. */
function equalLines(seed: number, size: number): Uint8Array {
  return xorshiftBytes(seed, size).map((byte, i) => (i % 40 === 39 ? 10 : 65 + (byte % 26)));
}

test.each<[string, PieceRule, Uint8Array]>([
  ["noise in small pieces", smallPieceRule(false), xorshiftBytes(11, 300_000)],
  ["noise in pieces of 1 KiB", pieceRuleFor(4096)!, xorshiftBytes(12, 600_000)],
  ["text in lines", smallPieceRule(true), sourceText(13, 300_000)],
  ["lines of 40 bytes", smallPieceRule(true), equalLines(14, 300_000)],
])("after an insertion the pieces soon fall in step again: %s", (_, rule, content) => {
  const kernel = createPieceKernel(key);
  const cutAll = (bytes: Uint8Array) => {
    kernel.buffer.set(bytes);
    return Array.from(kernel.cut(rule, bytes.length, true));
  };
  const before = new Set(cutAll(content));
  const insertion = fc.uint8Array({ minLength: 1, maxLength: 100, size: "max" });
  fc.assert(
    fc.property(fc.nat(content.length >> 1), insertion, (place, inserted) => {
      const edited = new Uint8Array(content.length + inserted.length);
      edited.set(content.subarray(0, place));
      edited.set(inserted, place);
      edited.set(content.subarray(place), place + inserted.length);
      const after = cutAll(edited);
      const kept = after.filter((end) => before.has(end > place ? end - inserted.length : end));
      expect(after.length - kept.length).toBeLessThanOrEqual(40);
      expect(before.has(after.at(-2)! - inserted.length)).toBe(true);
    }),
    { numRuns: 20 },
  );
});
