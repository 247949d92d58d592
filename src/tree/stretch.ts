import type { ChunkId } from "../chunk/chunk.ts";
import type { Bytes } from "../types.ts";
import type { Placement } from "./target.ts";

/** Chunks that lie side by side, in their file and in memory: one write is enough for all. */
export interface Stretch {
  readonly entry: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: Bytes;
  readonly chunks: readonly { readonly id: ChunkId; readonly offset: number; readonly bytes: Bytes }[];
}

/** Joins placements that follow each other as far as possible; their order stays. */
export function* joinPlacements(placements: readonly Placement[]): Generator<Stretch> {
  for (let first = 0; first < placements.length;) {
    let end = first + 1;
    while (end < placements.length && isNext(placements[end - 1]!, placements[end]!)) end += 1;
    yield join(placements.slice(first, end));
    first = end;
  }
}

function join(placements: readonly Placement[]): Stretch {
  const { entry, offset, chunk } = placements[0]!;
  const chunks = placements.map(({ chunk: { id, bytes }, offset: at }) => ({ id, bytes, offset: at }));
  const last = placements.at(-1)!;
  const { buffer, byteOffset } = chunk.bytes;
  const length = last.offset + last.chunk.bytes.length - offset;
  return { entry, offset, bytes: new Uint8Array(buffer, byteOffset, length), chunks };
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
