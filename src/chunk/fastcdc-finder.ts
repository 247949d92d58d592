import type { Bytes } from "../types.ts";
import type { CutterSpec } from "./cutter.ts";
import { bufferBytesOf, endCountOf, type Finder } from "./finder.ts";
import { gearTable } from "./gear.ts";

/*
 * The hash of a place is h = 2 * h + gear[byte] (mod 2^32) over the bytes before it. A chunk ends
 * at the first place where it has at least minBytes and the hash has none of the bits of the mask:
 * a strict mask below the average size, a loose one from there on; or where it has maxBytes. The
 * first minBytes are not hashed but for the last window, which gives the same cuts, for older bytes
 * have left the hash by then.
 *
 * Xia et al., FastCDC, USENIX ATC 2016; sizes and level as measured on source trees: see
 * docs/cutters.md.
 */

/** Bytes that a gear hash depends on: each byte shifts the word of the one before by one bit. */
const windowBytes = 32;

/** Normalised chunking, level 2: bits more before the average size, and fewer behind it. */
const levelBits = 2;

/** The sizes that bound a chunk, in bytes. */
export type GearSizes = Pick<CutterSpec, "minBytes" | "averageBytes" | "maxBytes">;

/** All that says where a chunk ends. */
export interface GearRule extends GearSizes {
  /** The bits that have to be zero where a chunk below the average size ends. */
  readonly strict: number;
  /** The same for chunks of the average size and longer. */
  readonly loose: number;
}

/**
 * Adds the masks to the sizes: the highest bits of the hash, because they depend on the most bytes.
 *
 * @see docs/cutters.md, fastcdc
 */
export function gearRule({ minBytes, averageBytes, maxBytes }: GearSizes): GearRule {
  const bits = Math.log2(averageBytes);
  return {
    minBytes,
    averageBytes,
    maxBytes,
    strict: -1 << (32 - bits - levelBits),
    loose: -1 << (32 - bits + levelBits),
  };
}

/** FastCDC in plain TypeScript: the twin of the kernel. */
export function fastcdcFinder(spec: CutterSpec): Finder {
  const buffer = new Uint8Array(bufferBytesOf(spec));
  const ends = new Uint32Array(endCountOf(spec));
  const rule = gearRule(spec);
  const gear = gearTable();
  return { buffer, ends, find: (length) => findGearEnds(buffer, length, ends, gear, rule) };
}

/**
 * Writes the ends of the chunks in buffer[0 .. length) that are sure to `ends`.
 *
 * @returns how many there are
 */
export function findGearEnds(
  buffer: Bytes,
  length: number,
  ends: Uint32Array,
  gear: Int32Array,
  rule: GearRule,
): number {
  let count = 0;
  let end = 0;
  for (let start = 0; length - start >= rule.minBytes; start = end) {
    const average = start + rule.averageBytes;
    const max = start + rule.maxBytes;
    end = findZeros(buffer, gear, start + rule.minBytes, Math.min(average, length + 1), rule.strict);
    if (end === 0) end = findZeros(buffer, gear, average, Math.min(max, length + 1), rule.loose);
    if (end === 0 && max <= length) end = max;
    if (end === 0) break;
    ends[count++] = end;
  }
  return count;
}

/**
 * The first end in [from, to) where the hash of the bytes before it has no bit of the mask; 0 if
 * none.
 */
function findZeros(buffer: Bytes, gear: Int32Array, from: number, to: number, mask: number): number {
  let at = from - windowBytes;
  let hash = 0;
  for (; at < from - 1; at++) hash = (hash << 1) + gear[buffer[at]!]!;
  const last = to - 8;
  while (at < last) {
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
  }
  while (at < to - 1) {
    hash = ((hash << 1) + gear[buffer[at++]!]!) | 0;
    if ((hash & mask) === 0) return at;
  }
  return 0;
}
