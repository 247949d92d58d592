import { concatBytes } from "../../src/bytes/compare.ts";
import { fromHex } from "../../src/bytes/hex.ts";

/** How the vectors of casync describe content; see test/vectors/casync/README.md. */
export type CasyncInput =
  | { readonly kind: "xorshift32"; readonly seed: number; readonly length: number }
  | {
      readonly kind: "xorshift32-alphabet";
      readonly seed: number;
      readonly length: number;
      readonly alphabet: string;
    }
  | { readonly kind: "fill"; readonly byte: number; readonly length: number }
  | { readonly kind: "counter32"; readonly length: number }
  | { readonly kind: "repeat"; readonly part: CasyncInput; readonly count: number }
  | { readonly kind: "concat"; readonly parts: readonly CasyncInput[] }
  | {
      readonly kind: "insert" | "overwrite";
      readonly base: CasyncInput;
      readonly offset: number;
      readonly part: CasyncInput;
    }
  | { readonly kind: "remove"; readonly base: CasyncInput; readonly offset: number; readonly length: number }
  | { readonly kind: "utf8"; readonly text: string }
  | { readonly kind: "hex"; readonly hex: string };

/** The bytes that a description stands for. */
export function casyncInput(input: CasyncInput): Uint8Array {
  switch (input.kind) {
    case "xorshift32":
      return words(input.length, xorshift(input.seed));
    case "xorshift32-alphabet": {
      const letters = new TextEncoder().encode(input.alphabet);
      return words(input.length, xorshift(input.seed)).map((byte) => letters[byte % letters.length]!);
    }
    case "fill":
      return new Uint8Array(input.length).fill(input.byte);
    case "counter32": {
      let next = 0;
      return words(input.length, () => next++);
    }
    case "repeat":
      return concatBytes(Array.from({ length: input.count }, () => casyncInput(input.part)));
    case "concat":
      return concatBytes(input.parts.map(casyncInput));
    case "utf8":
      return new TextEncoder().encode(input.text);
    case "hex":
      return fromHex(input.hex);
    default:
      return changed(input);
  }
}

type Change = Extract<CasyncInput, { readonly base: CasyncInput }>;

function changed(input: Change): Uint8Array {
  const base = casyncInput(input.base);
  const head = base.subarray(0, input.offset);
  if (input.kind === "remove") return concatBytes([head, base.subarray(input.offset + input.length)]);
  const part = casyncInput(input.part);
  const rest = input.offset + (input.kind === "overwrite" ? part.length : 0);
  return concatBytes([head, part, base.subarray(rest)]);
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** Little-endian words of 32 bits. */
function words(length: number, next: () => number): Uint8Array {
  const all = new Uint8Array(Math.ceil(length / 4) * 4);
  const view = new DataView(all.buffer);
  for (let at = 0; at < all.length; at += 4) view.setInt32(at, next(), true);
  return all.subarray(0, length);
}
