import type { ChunkId } from "./chunk.ts";

/**
 * An id as a key of maps: one character for each of its bytes. Hex would be readable, but takes ten
 * times as long to make and to look up.
 */
export function keyOf(id: ChunkId): string {
  // A typed array will do where apply asks for a plain one.
  return String.fromCharCode.apply(null, id as unknown as number[]);
}

/** The id that a key stands for. */
export function idOfKey(key: string): ChunkId {
  const id = new Uint8Array(key.length);
  writeKey(key, id, 0);
  return id;
}

/** Puts the id that a key stands for into other bytes. */
export function writeKey(key: string, target: Uint8Array, at: number): void {
  for (let i = 0; i < key.length; i++) target[at + i] = key.charCodeAt(i);
}
