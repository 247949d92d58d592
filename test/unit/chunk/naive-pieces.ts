/** The rules of pieces in the fewest words, to hold the fast ones against. */
import { gearTable } from "../../../src/chunk/gear.ts";
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
  const gear = gearTable();
  const ends: number[] = [];
  let start = 0;
  let hash = 0;
  for (let end = 1; end <= bytes.length; end++) {
    hash = ((hash << 1) + gear[bytes[end - 1]!]!) | 0;
    const size = end - start;
    const isLine = bytes[end - 1] === 10 && (size >= 96 || (size >= 32 && hash >>> 31 === 0));
    if (isLine || size === 512 || end === bytes.length) ends.push((start = end));
  }
  return ends;
}
