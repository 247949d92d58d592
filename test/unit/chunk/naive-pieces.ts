/** The rules of pieces in the fewest words, to hold the fast ones against. */
import type { PieceRule } from "../../../src/chunk/piece-rules.ts";
import { naiveCut } from "./naive-cutters.ts";

/** Offsets one past each piece, the last one included. */
export function naivePieces(bytes: Uint8Array, rule: PieceRule): number[] {
  if (rule.kind === "lines") return naiveLines(bytes);
  const { averageBytes } = rule;
  const sizes = { minBytes: averageBytes / 4, averageBytes, maxBytes: averageBytes * 4 };
  return naiveCut(bytes, { name: "fastcdc", ...sizes });
}

function naiveLines(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  let start = 0;
  for (let end = 1; end <= bytes.length; end++) {
    const size = end - start;
    const isEnd = (size >= 64 && bytes[end - 1] === 10) || size === 512 || end === bytes.length;
    if (isEnd) ends.push((start = end));
  }
  return ends;
}
