import { concatBytes } from "../../src/bytes/compare.ts";
import { seededBytes } from "../../src/testing/random.ts";
import type { Bytes } from "../../src/types.ts";
import type { Dice } from "./each-seed.ts";

/** An old and a new version of a file. */
export interface Versions {
  readonly before: Bytes;
  readonly after: Bytes;
  /** Places where the new one differs from the old one. */
  readonly editCount: number;
  /** Bytes of the new one that the old one need not have. */
  readonly newBytes: number;
  /** True when content does not repeat itself, so that few edits cost few bytes. */
  readonly isPlain: boolean;
}

/** Around the limits of what is cut, told and put at once. */
const sizes = [
  0, 1, 100, 4095, 4096, 4097, 8191, 8193, 30_000, 70_000, 262_143, 262_145, 1_048_575, 1_048_577, 2_600_000,
];

type Kind = "noise" | "text" | "zeros" | "repeats" | "mixed" | "edge";
const kinds: readonly Kind[] = ["noise", "text", "zeros", "repeats", "mixed", "edge"];

/** Bytes by whose look text is told from other content. */
const sampleBytes = 8192;

export function makeVersions(dice: Dice): Versions {
  const kind = kinds[dice(kinds.length)]!;
  const before = contentOf(kind, sizes[dice(sizes.length)]!, dice);
  const editCount = dice(3) === 0 ? 0 : dice(6);
  let after = before;
  let newBytes = 0;
  for (let i = 0; i < editCount; i++) {
    const edited = edit(after, kind, dice);
    after = edited.bytes;
    newBytes += edited.newBytes;
  }
  const isPlain = kind === "noise" || kind === "text";
  return { before, after, editCount, newBytes, isPlain };
}

function edit(bytes: Bytes, kind: Kind, dice: Dice): { readonly bytes: Bytes; readonly newBytes: number } {
  const at = dice(bytes.length + 1);
  const length = Math.min(bytes.length - at, dice(2) === 0 ? dice(50) : dice(200_000));
  const [head, part, tail] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  const fresh = contentOf(kind === "zeros" ? "noise" : kind, dice(2) === 0 ? dice(40) : dice(3000), dice);
  switch (dice(7)) {
    case 0: // inserted
      return { bytes: concatBytes([head, fresh, part, tail]), newBytes: fresh.length };
    case 1: // deleted
      return { bytes: concatBytes([head, tail]), newBytes: 0 };
    case 2: // replaced
      return { bytes: concatBytes([head, fresh, tail]), newBytes: fresh.length };
    case 3: // moved to the front
      return { bytes: concatBytes([part, head, tail]), newBytes: 0 };
    case 4: // swapped
      return { bytes: concatBytes([tail, part, head]), newBytes: 0 };
    case 5: // repeated
      return { bytes: concatBytes([head, part, part, tail]), newBytes: 0 };
    default: // appended
      return { bytes: concatBytes([bytes, fresh]), newBytes: fresh.length };
  }
}

function contentOf(kind: Kind, size: number, dice: Dice): Bytes {
  const seed = dice(2 ** 30);
  switch (kind) {
    case "noise":
      return seededBytes(seed, size) as Bytes;
    case "zeros":
      return new Uint8Array(size);
    case "repeats":
      return repeated(seededBytes(seed, 1 + dice(5000)), size);
    case "text":
      return textOf(size, seed);
    case "mixed":
      return concatBytes([
        textOf(size >> 1, seed),
        new Uint8Array(size >> 2),
        seededBytes(seed, size >> 2) as Bytes,
      ]);
    case "edge": // text with a zero about where the look at it ends
      return textOf(size, seed).fill(0, sampleBytes - 2 + dice(4), sampleBytes + 2);
  }
}

function repeated(unit: Uint8Array, size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, i) => unit[i % unit.length]!);
}

/** Lines that differ, of 10 to 90 characters. */
export function textOf(size: number, seed: number): Bytes {
  const bytes = seededBytes(seed, size) as Bytes;
  for (let at = 0, left = 10 + (seed % 80); at < size; at++, left--) {
    const value = bytes[at]!;
    bytes[at] = left === 0 ? 10 : 97 + (value % 26);
    if (left === 0) left = 10 + (value % 80);
  }
  return bytes;
}
