import { constants, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pathOf } from "../bytes/byte-path.node.ts";
import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { keyOf } from "../chunk/id-key.ts";
import { SyncError } from "../errors.ts";
import { ioError } from "../store/io-error.node.ts";
import type { Bytes } from "../types.ts";
import { type PlacedChunk, seedLimits } from "./chunks-ahead.ts";
import type { FoundContent } from "./found-content-writer.node.ts";
import { digestOfIndex, type IndexHeader } from "./index-header.ts";
import { eachChunk, type IndexReading } from "./index-reader.ts";
import { SeedChunks, type SeedOptions } from "./seed-chunks.ts";

const blockBytes = 1_048_576;
/** No call waits for who writes into a pipe. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** A file that has chunks: they need not be fetched. */
export interface BlobSeed {
  /**
   * Finds a chunk, and verifies it; undefined when it is not in the file, or hardly. A promise
   * where the file is read on for it.
   *
   * @param into what it may be read into; what a promise gives is in memory of its own
   */
  find(id: ChunkId, size: number, into?: Bytes): FoundContent | undefined | Promise<FoundContent | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a file as a seed, by its index, of which `seedChunkCount` chunks are noted.
 *
 * @throws NOT_FOUND, IO, UNSUPPORTED for a pipe, and what the index throws
 */
export async function openSeed(path: string, index: IndexReading): Promise<BlobSeed> {
  const places = new IdMap();
  for await (const { id, offset } of eachChunk(index)) {
    if (places.size >= seedLimits.seedChunkCount) break;
    places.set(id, offset);
  }
  const digest = digestOfIndex(index);
  const file = await openSeekable(path);
  const { fd } = file;
  return {
    find(id, size, into) {
      const offset = places.get(id);
      const found = offset === undefined ? undefined : findAt(fd, offset, size, into);
      return found && digest.keyOf(found.bytes) === keyOf(id) ? found : undefined;
    },
    close: () => file.close(),
  };
}

/**
 * Opens a file as a seed that has no index: it is cut as that of a newer version says, as far as it
 * is asked.
 *
 * @param header of the newer one
 * @throws NOT_FOUND, IO, UNSUPPORTED for a pipe
 */
export async function openUncutSeed(
  path: string,
  header: IndexHeader,
  options: SeedOptions = {},
): Promise<BlobSeed> {
  const file = await openSeekable(path);
  const { fd } = file;
  const readAgain = (offset: number, size: number, into?: Bytes) => readFully(fd, offset, size, into);
  const chunks = new SeedChunks(blocksOf(file), header, readAgain, options);
  return {
    find(id, _, into) {
      const found = chunks.find(id, into);
      return found instanceof Promise ? found.then((placed) => contentOf(placed, fd)) : contentOf(found, fd);
    },
    async close() {
      await chunks.close();
      await file.close();
    },
  };
}

/** Opens a file to be read at places. @throws IO for a directory, UNSUPPORTED for a pipe */
async function openSeekable(path: string): Promise<FileHandle> {
  const file = await open(pathOf(path), readFlags).catch((thrown: unknown) => {
    throw ioError(thrown, path);
  });
  const detail = { path };
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw new SyncError("IO", "this is a directory", { detail });
    if (stats.isFIFO()) throw new SyncError("UNSUPPORTED", "a pipe is no seed", { detail });
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** The content of a file, in blocks that are lent. */
async function* blocksOf(file: FileHandle): AsyncGenerator<Bytes> {
  const block = new Uint8Array(blockBytes);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(block, 0, block.length, at);
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function contentOf(placed: PlacedChunk | undefined, fd: number): FoundContent | undefined {
  return placed && { bytes: placed.chunk.bytes, fd, offset: placed.offset };
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
