import { closeSync, fstatSync, openSync } from "node:fs";
import { fileCall } from "../store/io-error.node.ts";
import { SyncError } from "../errors.ts";
import type { AnyContent } from "./blob-reader.ts";
import { readFully } from "./blob-seed.node.ts";
import { type ChunkTable, openChunkTable, tablePageCount } from "./chunk-table.ts";
import { indexHeaderBytes, type IndexHeader, indexItemBytes } from "./index-header.ts";
import { readIndex } from "./index-reader.ts";
import type { Bytes } from "../types.ts";

/** A file as content of which any part can be read. @throws NOT_FOUND, IO */
export function fileContent(path: string): AnyContent & { close(): void } {
  const fd = fileCall(path, () => openSync(path, "r"));
  const sizeBytes = fileCall(path, () => fstatSync(fd)).size;
  return {
    sizeBytes,
    async read(offset, size) {
      const wanted = Math.min(size, sizeBytes - offset);
      if (wanted <= 0) return [];
      return [fileCall(path, () => readPart(fd, path, offset, wanted))];
    },
    prepare: (offset, size) => offset + size,
    close: () => closeSync(fd),
  };
}

/** Pages of an index that are kept in memory. */
const keptPages = 32;
const pageBytes = tablePageCount * indexItemBytes;

/**
 * The chunks of an index in a file, which is read anew as they are needed: memory grows with their
 * number by two bytes for a thousand of them.
 *
 * @throws NOT_FOUND, IO, and what reading an index throws
 */
export async function indexFileTable(
  path: string,
): Promise<{ readonly header: IndexHeader; readonly table: ChunkTable; close(): void }> {
  const fd = fileCall(path, () => openSync(path, "r"));
  try {
    const index = await readIndex(blocksOf(fd, path));
    const pages = new Map<number, Bytes>();
    const readPage = (number: number): Bytes => {
      const kept = pages.get(number);
      if (kept) return kept;
      const left = table.count * indexItemBytes - number * pageBytes;
      const at = indexHeaderBytes + number * pageBytes;
      const page = fileCall(path, () => readPart(fd, path, at, Math.min(pageBytes, left)));
      if (pages.size >= keptPages) pages.delete(pages.keys().next().value!);
      pages.set(number, page);
      return page;
    };
    const table: ChunkTable = await openChunkTable(index, readPage);
    return { header: index, table, close: () => closeSync(fd) };
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

async function* blocksOf(fd: number, path: string): AsyncGenerator<Bytes> {
  const size = fileCall(path, () => fstatSync(fd)).size;
  for (let at = 0; at < size; at += pageBytes)
    yield fileCall(path, () => readPart(fd, path, at, Math.min(pageBytes, size - at)));
}

function readPart(fd: number, path: string, offset: number, size: number): Bytes {
  const bytes = readFully(fd, offset, size);
  if (bytes) return bytes;
  throw new SyncError("TRUNCATED", "the file is shorter than it was", { detail: { path, offset } });
}
