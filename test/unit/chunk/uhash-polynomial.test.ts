import fc from "fast-check";
import { expect, test } from "vitest";
import { Polynomial } from "../../../src/chunk/uhash-polynomial.ts";
import { naivePoly } from "./naive-uhash.ts";

/** The numbers where a carry, a borrow or the prime itself is at stake, beside any others. */
function anyNumber(bitCount: number): fc.Arbitrary<bigint> {
  const most = (1n << BigInt(bitCount)) - 1n;
  const border = most - (1n << BigInt(bitCount - 32)) + 1n;
  const near = (number: bigint) => fc.bigInt({ min: -300n, max: 300n }).map((by) => number + by);
  return fc
    .oneof(near(0n), near(most), near(border), fc.bigInt({ min: 0n, max: most }))
    .map((number) => BigInt.asUintN(bitCount, number));
}

function digitsOf(number: bigint, bitCount: number): Float64Array {
  return Float64Array.from({ length: bitCount / 16 }, (_, i) => Number((number >> BigInt(16 * i)) & 0xffffn));
}

function numberOf(digits: Float64Array): bigint {
  return digits.reduceRight((sum, digit) => (sum << 16n) | BigInt(digit), 0n);
}

function bytesOf(number: bigint, bitCount: number): number[] {
  return Array.from({ length: bitCount / 8 }, (_, i) =>
    Number((number >> BigInt(bitCount - 8 - 8 * i)) & 255n),
  );
}

test.each([64, 128] as const)("polynomials modulo a prime of %i bits", (bitCount) => {
  const keyMask = BigInt(`0x${"01ffffff".repeat(bitCount / 32)}`);
  fc.assert(
    fc.property(anyNumber(bitCount), fc.array(anyNumber(bitCount), { maxLength: 20 }), (any, words) => {
      const key = any & keyMask;
      const polynomial = new Polynomial(digitsOf(key, bitCount));
      for (const word of words) polynomial.add(digitsOf(word, bitCount));
      const message = Uint8Array.from(words.flatMap((word) => bytesOf(word, bitCount)));
      expect(numberOf(polynomial.value)).toBe(naivePoly(bitCount, key, message));
      polynomial.reset();
      expect(numberOf(polynomial.value)).toBe(1n);
    }),
    { numRuns: 300 },
  );
});
