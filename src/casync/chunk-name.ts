import { fromHex } from "../bytes/hex.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { nameOf } from "../store/key.ts";

/** Hex digits of an id that name the directory of its chunk. */
const directoryDigits = 4;

/** The path of a chunk in a store of casync: `abcd/abcd…` and the suffix. */
export function chunkPath(id: ChunkId, suffix: string): string {
  const name = nameOf(id);
  return `${name.slice(0, directoryDigits)}/${name}${suffix}`;
}

/** The id of the chunk with this path; undefined for a path of anything else. */
export function idOfPath(path: string, suffix: string): ChunkId | undefined {
  const match = /^([0-9a-f]{4})\/(\1[0-9a-f]{60})(.*)$/.exec(path);
  return match?.[3] === suffix ? fromHex(match[2]!) : undefined;
}
