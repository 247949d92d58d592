import type { Bytes } from "../types.ts";
import { buzhashTable } from "./buzhash-table.ts";
import type { CutterSpec } from "./cutter.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";

/*
 * The hash of a window is the XOR of the words of its bytes, each rotated by its distance from the
 * end of the window. A chunk ends behind a byte where the hash modulo d is d - 1, d being made of
 * the average size, or where it has maxBytes. The rule is asked for the first time when a chunk has
 * minBytes, and what comes before the window of that place is not hashed.
 *
 * That h mod d = d - 1 is that d = odd * 2^k divides h + 1. The odd number does when
 * (h + 1) * odd^-1 (mod 2^32) is one of the quotients 1 to (2^32 - 1) / odd; the quotient 0 stands
 * for h + 1 = 2^32, which only a power of two divides. Where it does, the last k bits of h + 1 tell
 * the rest.
 */

/** Bytes in the window of the hash. */
const windowBytes = 48;

/** The rule of casync in plain TypeScript: the twin of the kernel. */
export function casyncFinder(spec: CutterSpec): Finder {
  const { minBytes, test } = casyncRule(spec);
  const buffer = new Uint8Array(bufferBytesOf(spec));
  const ends = new Uint32Array(endCountOf({ ...spec, minBytes }));
  const table = buzhashTable();
  return {
    buffer,
    ends,
    find(length) {
      let count = 0;
      for (let start = 0, end = 0; length - start >= minBytes; start = end) {
        const max = start + spec.maxBytes;
        end = findEnd(buffer, table, start + minBytes, Math.min(max, length), test);
        if (end === 0 && max <= length) end = max;
        if (end === 0) break;
        ends[count++] = end;
      }
      return count;
    },
  };
}

/** All that says where a chunk ends. */
export interface CasyncRule {
  /** The least size, within which the first window fits. */
  readonly minBytes: number;
  readonly test: EndTest;
}

/** The rule that sizes stand for, unless they are all the same. */
export function casyncRule(spec: CutterSpec): CasyncRule {
  return { minBytes: Math.max(spec.minBytes, windowBytes), test: testOf(discriminatorOf(spec)) };
}

/** What the hash is divided by. Averages of 9 MiB and more make it the greatest size. */
export function discriminatorOf({ minBytes, averageBytes, maxBytes }: CutterSpec): number {
  const raw = Math.trunc(averageBytes / (-1.42888852e-7 * averageBytes + 1.33237515));
  return raw < 0 || !Number.isFinite(raw) ? maxBytes : Math.min(Math.max(raw, minBytes), maxBytes);
}

/** The numbers that tell whether a hash ends a chunk, without a division. */
export interface EndTest {
  readonly inverse: number;
  /** The bits of hash + 1 that have to be 0. */
  readonly mask: number;
  readonly firstQuotient: number;
  /** The last quotient less the first. */
  readonly quotientSpan: number;
}

function testOf(divisor: number): EndTest {
  const shift = 31 - Math.clz32(divisor & -divisor);
  const odd = divisor >>> shift;
  const firstQuotient = odd === 1 ? 0 : 1;
  return {
    inverse: inverseOf(odd),
    mask: 2 ** shift - 1,
    firstQuotient,
    quotientSpan: Math.floor((2 ** 32 - 1) / odd) - firstQuotient,
  };
}

/** The number that an odd one has to be multiplied by for 1 (mod 2^32). */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 4; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}

/** The first end in [from, to] where the window before it ends a chunk; 0 if none. */
function findEnd(buffer: Bytes, table: Int32Array, from: number, to: number, test: EndTest): number {
  const reach = windowBytes;
  const { inverse, mask, firstQuotient, quotientSpan } = test;
  let hash = 0;
  for (let at = from - reach; at < from; at++) {
    hash = ((hash << 1) | (hash >>> 31)) ^ table[buffer[at]!]!;
  }
  for (let at = from; ; at++) {
    const quotient = Math.imul(hash + 1, inverse);
    if ((quotient - firstQuotient) >>> 0 <= quotientSpan && ((hash + 1) & mask) === 0) return at;
    if (at >= to) return 0;
    const leaving = table[buffer[at - reach]!]!;
    hash = ((hash << 1) | (hash >>> 31)) ^ ((leaving << 16) | (leaving >>> 16)) ^ table[buffer[at]!]!;
  }
}
