/** A run of a file's bytes, up to the one that is no longer of it. */
export type Piece = readonly [from: number, to: number];

/** Pieces in order with one more among them; those that touch become one. */
export function withPiece(pieces: readonly Piece[], [from, to]: Piece): readonly Piece[] {
  const before = pieces.filter(([, end]) => end < from);
  const behind = pieces.filter(([start]) => start > to);
  const joined = pieces.slice(before.length, pieces.length - behind.length);
  const start = Math.min(from, joined[0]?.[0] ?? from);
  const end = Math.max(to, joined.at(-1)?.[1] ?? to);
  return [...before, [start, end], ...behind];
}

/** True when pieces in order are all of a file. */
export function isWhole(pieces: readonly Piece[], size: number): boolean {
  return pieces.length === 1 && pieces[0]![0] === 0 && pieces[0]![1] === size;
}
