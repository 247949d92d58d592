import { idBytes } from "../chunk/chunk.ts";
import type { ListedChunks } from "../tree/target.ts";
import type { Bytes } from "../types.ts";
import type { ChunkPlaces, Place } from "./chunk-places.ts";
import type { IncomingFile } from "./incoming-file.ts";

/** Bytes read at once. */
const maxRunBytes = 1 << 20;

/** Chunks of a file's list that lie side by side where they were seen. */
interface KnownRun {
  readonly place: Place;
  readonly placeOffset: number;
  /** Number of the first of them in the list, and how many they are. */
  readonly first: number;
  count: number;
  size: number;
}

/**
 * Puts those chunks of a file's list in place that were seen somewhere and are still there,
 * verified.
 *
 * @returns 1 for each chunk that is in place, 0 for each that has to come
 */
export async function placeKnown(
  file: IncomingFile,
  places: ChunkPlaces,
  { offset, ids, sizes }: ListedChunks,
): Promise<Uint8Array> {
  const here = new Uint8Array(sizes.length);
  const offsets = offsetsOf(offset, sizes);
  for (const run of findRuns(places, ids, sizes)) {
    const content = await run.place.read(run.placeOffset, run.size).catch(() => new Uint8Array());
    const start = offsets[run.first]!;
    const isInPlace = run.place === file && run.placeOffset === start;
    for (let i = run.first; i < run.first + run.count; i++) {
      const from = offsets[i]! - start;
      const bytes = content.subarray(from, from + sizes[i]!);
      if (bytes.length !== sizes[i] || !places.isChunk(idAt(ids, i), bytes)) continue;
      if (isInPlace) file.keep(offsets[i]!, bytes.length);
      else await file.put(offsets[i]!, bytes);
      here[i] = 1;
    }
  }
  return here;
}

function findRuns(places: ChunkPlaces, ids: Bytes, sizes: readonly number[]): KnownRun[] {
  const runs: KnownRun[] = [];
  for (const [i, size] of sizes.entries()) {
    const found = places.find(idAt(ids, i));
    if (!found) continue;
    const last = runs.at(-1);
    if (last && isNext(last, i, found) && last.size + size <= maxRunBytes) {
      last.count += 1;
      last.size += size;
    } else {
      runs.push({ place: found.place, placeOffset: found.offset, first: i, count: 1, size });
    }
  }
  return runs;
}

function isNext(
  run: KnownRun,
  i: number,
  found: { readonly place: Place; readonly offset: number },
): boolean {
  return (
    run.place === found.place && run.first + run.count === i && run.placeOffset + run.size === found.offset
  );
}

function offsetsOf(offset: number, sizes: readonly number[]): number[] {
  let at = offset;
  return sizes.map((size) => (at += size) - size);
}

function idAt(ids: Bytes, i: number): Bytes {
  return ids.subarray(i * idBytes, (i + 1) * idBytes);
}
