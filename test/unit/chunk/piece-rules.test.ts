import { expect, test } from "vitest";
import {
  finePieceRule,
  looksLikeText,
  pieceLimits,
  pieceRuleFor,
  smallPieceRule,
} from "../../../src/chunk/piece-rules.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

test.each([
  [0, undefined],
  [4 * KiB - 1, undefined],
  [4 * KiB, KiB],
  [MiB - 1, KiB],
  [MiB, 8 * KiB],
  [2 * GiB, 8 * KiB],
  [2 * GiB + 1, 16 * KiB],
  [4 * GiB, 16 * KiB],
  [4 * GiB + 1, 32 * KiB],
  [32 * GiB, 128 * KiB],
  [32 * GiB + 1, 128 * KiB],
  [Number.MAX_SAFE_INTEGER, 128 * KiB],
])("pieces of a file of %i bytes have %s bytes on average", (sizeBytes, averageBytes) => {
  const rule = averageBytes === undefined ? undefined : { kind: "gear", averageBytes };
  expect(pieceRuleFor(sizeBytes)).toEqual(rule);
});

test.each([
  [MiB - 1, undefined],
  [MiB, 2 * KiB],
  [2 * GiB + 1, 4 * KiB],
  [32 * GiB, 32 * KiB],
])("fine pieces of a file of %i bytes have %s bytes on average", (sizeBytes, averageBytes) => {
  const rule = averageBytes === undefined ? undefined : { kind: "gear", averageBytes };
  expect(finePieceRule(pieceRuleFor(sizeBytes)!)).toEqual(rule);
});

test("small pieces are lines of text, and 128 bytes of anything else", () => {
  expect(smallPieceRule(true)).toEqual({ kind: "lines" });
  expect(smallPieceRule(false)).toEqual({ kind: "gear", averageBytes: 128 });
});

const textOf = (text: string) => new TextEncoder().encode(text);

test.each<[boolean, string, Uint8Array]>([
  [true, "lines", textOf("int main(void)\n{\n\treturn 0;\n}\n")],
  [true, "a line of 200 bytes with its line feed", textOf("a".repeat(199) + "\n")],
  [false, "a line of 201 bytes", textOf("a".repeat(200) + "\n")],
  [false, "a line without an end", textOf("a")],
  [false, "nothing", textOf("")],
  [false, "lines with a NUL", textOf("a\nb\0c\n")],
  [true, "lines in other scripts", textOf("строка\n行\n")],
  [true, "text that goes on as something else", textOf("a\n".repeat(pieceLimits.lineSampleBytes / 2) + "\0")],
])("%s: %s", (isText, _, bytes) => {
  expect(looksLikeText(bytes)).toBe(isText);
});
