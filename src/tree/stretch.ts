import type { Bytes } from "../types.ts";
import type { Placement } from "./target.ts";

/** Chunks that lie side by side, in their file and in memory: one write is enough for all. */
export interface Stretch {
  readonly entry: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: Bytes;
  /** The chunks, in order. */
  readonly placements: readonly Placement[];
}

/** Joins placements that follow each other as far as possible; their order stays. */
export function joinPlacements(placements: readonly Placement[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (let first = 0; first < placements.length;) {
    let end = first + 1;
    while (end < placements.length && isNext(placements[end - 1]!, placements[end]!)) end += 1;
    stretches.push(join(placements, first, end));
    first = end;
  }
  return stretches;
}

function join(all: readonly Placement[], first: number, end: number): Stretch {
  const { entry, offset, chunk } = all[first]!;
  if (end === first + 1) return { entry, offset, bytes: chunk.bytes, placements: [all[first]!] };
  const last = all[end - 1]!;
  const { buffer, byteOffset } = chunk.bytes;
  const length = last.offset + last.chunk.bytes.length - offset;
  const bytes = new Uint8Array(buffer, byteOffset, length);
  return { entry, offset, bytes, placements: all.slice(first, end) };
}

function isNext(before: Placement, after: Placement): boolean {
  const { bytes } = before.chunk;
  const next = after.chunk.bytes;
  return (
    before.entry === after.entry &&
    before.offset + bytes.length === after.offset &&
    bytes.buffer === next.buffer &&
    bytes.byteOffset + bytes.length === next.byteOffset
  );
}
