import fs from "node:fs";
import { abortable } from "../bytes/abort.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { notFound } from "../store/key.ts";
import type { ChunkReader } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { archiveTree } from "./archive-tree.node.ts";
import { readFully } from "./blob-seed.node.ts";
import type { IndexHeader } from "./index-header.ts";
import { SeedChunks, type SeedOptions } from "./seed-chunks.ts";
import { readFlags } from "../bytes/open-flags.node.ts";

/** Where a part of the archive of a tree begins, and where its bytes are. */
interface Part {
  readonly start: number;
  /** What stands around the contents of files. */
  readonly bytes?: Bytes;
  /** The file whose content it is. */
  readonly path?: Buffer;
}

/**
 * A tree on disk as a store of the chunks that an archive of it has, for who has the index of a
 * newer one. It is read in the order of the archive, but for what is mounted there, as
 * `SeedChunks` does it. In memory is also what stands around contents.
 *
 * @param header of the newer one
 */
export function treeSeed(root: string, header: IndexHeader, options: SeedOptions = {}): ChunkReader {
  const parts: Part[] = [];
  const archive = partsNoted(root, header.features, parts, options);
  const readAgain = (offset: number, size: number) => readParts(parts, offset, offset + size);
  const chunks = new SeedChunks(archive, header, readAgain, options);
  const find = async (id: ChunkId, asked?: AbortOptions): Promise<Chunk | undefined> =>
    (await abortable(Promise.resolve(chunks.find(id)), asked?.signal))?.chunk;
  return {
    async get(id, asked) {
      const chunk = await find(id, asked);
      if (chunk === undefined) throw notFound(id);
      return chunk;
    },
    has: async (id, asked) => (await find(id, asked)) !== undefined,
    close: async () => chunks.close(),
    [Symbol.asyncDispose]: async () => chunks.close(),
  };
}

/** The archive of a tree; where which part of it lies is noted. */
async function* partsNoted(
  root: string,
  features: bigint,
  parts: Part[],
  { signal }: AbortOptions,
): AsyncGenerator<Bytes> {
  let at = 0;
  let contentEnd = 0;
  const onContent = (path: Buffer, size: number): void => {
    parts.push({ start: at, path });
    contentEnd = at + size;
  };
  const archived = {
    features,
    keepsNodump: true,
    staysOnFileSystem: true,
    onContent,
    ...(signal && { signal }),
  };
  for await (const block of archiveTree(root, archived)) {
    if (at >= contentEnd) parts.push({ start: at, bytes: block });
    at += block.length;
    yield block;
  }
}

/** What lies in [from, to) of the archive; undefined where a file is not there any more. */
function readParts(parts: readonly Part[], from: number, to: number): Bytes | undefined {
  const bytes = new Uint8Array(to - from);
  for (let number = numberAt(parts, from), at = from; at < to; number++) {
    const { start, bytes: kept, path } = parts[number]!;
    const end = Math.min(to, parts[number + 1]?.start ?? to);
    const read = kept?.subarray(at - start, end - start) ?? readFile(path!, at - start, end - at);
    if (read === undefined) return undefined;
    bytes.set(read, at - from);
    at = end;
  }
  return bytes;
}

/** The last part that begins at a place or before it. */
function numberAt(parts: readonly Part[], place: number): number {
  let [low, high] = [0, parts.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (parts[middle]!.start <= place) low = middle;
    else high = middle;
  }
  return low;
}

function readFile(path: Buffer, offset: number, size: number): Bytes | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, readFlags);
    return fs.fstatSync(fd).isFile() ? readFully(fd, offset, size) : undefined;
  } catch {
    return undefined; // gone, or not to be read: it is fetched
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
