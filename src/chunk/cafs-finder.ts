import type { Bytes } from "../types.ts";
import { cafsSpec } from "./cutter-specs.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";

/*
 * The checksum of CAFS is the Adler-32 of the last 48 bytes: s1 = 1 + their sum, S2 = 48 + their
 * sum weighted 48 (oldest) to 1 (newest), a = (S2 mod 65521) * 65536 + s1. A chunk ends before a
 * byte at which a mod 8191 = 4159.
 *
 * With v = 8 * S2 + s1 and q = floor(S2 / 65521), which is 0 to 4, that is v + 56 * q = 4159 (mod
 * 8191), because 65536 = 8 and 65521 = -7. To spare q at nearly every byte, a filter comes first
 * that lets all five values of 4159 - 56 * q pass: 5997 is the inverse of 56, so 5997 * v is then
 * one of the five residues 8115 to 8119 in a row, and 5997 / 8191 as a fraction of 2^32 turns "mod
 * 8191" into "mod 2^32".
 */

/** Bytes in the window of the checksum. */
export const windowBytes = 48;
const modulus = 8191;
const target = 4159;

/** CAFS in plain TypeScript: the twin of the kernel. */
export function cafsFinder(): Finder {
  const { minBytes, maxBytes } = cafsSpec;
  const buffer = new Uint8Array(bufferBytesOf(cafsSpec));
  const ends = new Uint32Array(endCountOf(cafsSpec));
  return {
    buffer,
    ends,
    find(length) {
      let count = 0;
      let end = 0;
      for (let start = 0; length - start > minBytes; start = end) {
        const max = start + maxBytes;
        end = findCandidate(buffer, start + minBytes, Math.min(max, length));
        if (end === 0 && max <= length) end = max;
        if (end === 0) break;
        ends[count++] = end;
      }
      return count;
    },
  };
}

/**
 * The first place in [from, to) where the window that ends with the byte there is a candidate; 0 if
 * none.
 */
function findCandidate(buffer: Bytes, from: number, to: number): number {
  const reach = windowBytes;
  let s1 = 1;
  let v = 0;
  for (let at = from - reach; at < from; at++) {
    s1 += buffer[at]!;
    v += 8 * s1;
  }
  v += s1;
  for (let at = from; at < to; at++) {
    const oldest = buffer[at - reach]!;
    const change = (buffer[at]! - oldest) | 0;
    s1 = (s1 + change) | 0;
    v = (v + (s1 << 3) + (change - Math.imul(oldest, 384)) - 8) | 0;
    if (passes(v) && isCandidate(s1, (v - s1) / 8)) return at;
  }
  return 0;
}

/** The filter: false for nearly every v that is no candidate, true for all that are. */
export function passes(v: number): boolean {
  // Constants of the module would be read anew for each byte once a bundler has made variables of
  // them.
  /**
   * 5997 * 2^32 / 8191, rounded up by 0.143; v is below 2,411,666, so the error stays below one
   * residue.
   */
  const factor = 3144538991;
  /** 8115 * 2^32 / 8191, rounded down. */
  const from = 4255116543;
  /** Four residues of 2^32 / 8191 and the error. */
  const width = 2441596;
  return (Math.imul(v, factor) - from) >>> 0 < width;
}

/** The rule itself, from the unreduced sums. */
export function isCandidate(s1: number, s2: number): boolean {
  return ((s2 % 65521) * 65536 + s1) % modulus === target;
}
