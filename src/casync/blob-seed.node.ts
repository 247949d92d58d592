import { closeSync, openSync, readSync } from "node:fs";
import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { fileCall } from "../store/io-error.node.ts";
import type { Bytes } from "../types.ts";
import type { FoundContent } from "./shared-content.node.ts";
import type { IndexReading } from "./index-reader.ts";

/** A file whose chunks are known: what is in it need not be fetched. */
export interface BlobSeed {
  /**
   * What is believed to be a chunk; undefined when the file does not have it. It is for the caller
   * to verify.
   *
   * @param into what it is read into; memory of its own unless given
   */
  find(id: ChunkId, size: number, into?: Bytes): FoundContent | undefined;
  close(): void;
}

/**
 * Opens a file as a seed, by its index.
 *
 * @throws NOT_FOUND, IO, and what the index throws
 */
export async function openSeed(path: string, index: IndexReading): Promise<BlobSeed> {
  const places = new IdMap();
  try {
    for await (const chunks of index.chunks) for (const { id, offset } of chunks) places.set(id, offset);
  } finally {
    await index.close();
  }
  const fd = fileCall(path, () => openSync(path, "r"));
  return {
    find(id, size, into) {
      const offset = places.get(id);
      return offset === undefined ? undefined : findAt(fd, offset, size, into);
    },
    close: () => closeSync(fd),
  };
}

/** What lies at a place of a file; undefined where that ends before. */
export function findAt(fd: number, offset: number, size: number, into?: Bytes): FoundContent | undefined {
  const bytes = readFully(fd, offset, size, into);
  return bytes && { bytes, fd, offset };
}

/**
 * So many bytes of a file from a place on; undefined where it ends before.
 *
 * @param into at least as long, whose start is filled; memory of its own unless given
 */
export function readFully(fd: number, offset: number, size: number, into?: Bytes): Bytes | undefined {
  const bytes = into?.subarray(0, size) ?? new Uint8Array(size);
  for (let at = 0; at < size;) {
    const count = readSync(fd, bytes, at, size - at, offset + at);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}
