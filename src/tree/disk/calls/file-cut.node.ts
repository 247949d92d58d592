import fs from "node:fs";
import type { Cutter } from "../../../chunk/cutter.ts";
import type { ChunkDigest } from "../../../chunk/digest.ts";
import type { Bytes } from "../../../types.ts";
import { isZero } from "./zero.node.ts";

/** Bytes read and cut in one step, about. */
export const blockBytes = 1024 * 1024;

/**
 * Reads a file from the start of a chunk and cuts what it read, straight in `cutter.buffer`.
 *
 * It keeps nothing: the caller goes on at the end of the last chunk, so one cutter serves many
 * files in turn.
 *
 * @param size bytes in the whole file, as far as is known
 * @returns the ends of the chunks, counted from `position`; empty only at the end of the file
 */
export function cutBlock(fd: number, position: number, size: number, cutter: Cutter): Uint32Array {
  const wantedBytes = Math.min(size - position, blockBytes + cutter.spec.maxBytes, cutter.buffer.length);
  const filled = readFully(fd, cutter.buffer.subarray(0, wantedBytes), position);
  return cutter.cut(filled, filled < wantedBytes || position + filled >= size);
}

/** Reads until `into` is full or the file ends. Returns the bytes read. */
export function readFully(fd: number, into: Bytes, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const count = fs.readSync(fd, into, filled, into.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Writes all of `bytes` at a position. */
export function writeFully(fd: number, bytes: Bytes, position: number): void {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at, bytes.length - at, position + at);
}

/**
 * Names chunks by their digest, as keys (see `keyOf`); the longest chunk of zeros, of which sparse
 * files are made, only once.
 */
export function chunkNamer({ keyOf }: ChunkDigest, maxBytes: number): (bytes: Bytes) => string {
  let zeroKey: string | undefined;
  return (bytes) => (bytes.length === maxBytes && isZero(bytes) ? (zeroKey ??= keyOf(bytes)) : keyOf(bytes));
}
