import fs from "node:fs";
import { abortable } from "../bytes/abort.ts";
import { IdMap } from "../bytes/id-map.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { cutChunks } from "../chunk/cut-chunks.ts";
import { casyncSpec } from "../chunk/cutter-specs.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { notFound } from "../store/key.ts";
import type { ChunkReader } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { archiveTree } from "./archive-tree.node.ts";
import { readFully } from "./blob-seed.node.ts";
import { ChunksAhead } from "./chunks-ahead.ts";
import { digestOfIndex, type IndexHeader } from "./index-header.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/** Limits of seeds. */
export const seedLimits = Object.freeze({
  /** Chunks of a tree or blob that are known of at a time: an index may ask for tiny ones. */
  seedChunkCount: 4_000_000,
});

export interface TreeSeedOptions extends AbortOptions {
  /** Chunks that are noted, at most; `seedChunkCount` unless given. */
  readonly chunkCount?: number;
}

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
 * newer one. It is read in the order of the archive, but for what is mounted there, each time as
 * far as the chunk that is asked for; one that it does not have is known of at the end. A chunk
 * that was passed is read again, and verified: the tree may change meanwhile. What cannot be read
 * ends the reading and is no failure. In memory is what stands around contents, and 40 bytes a
 * chunk, of which no more than `seedChunkCount` are noted.
 *
 * @param header of the newer one
 */
export function treeSeed(
  root: string,
  header: IndexHeader,
  { chunkCount = seedLimits.seedChunkCount, ...options }: TreeSeedOptions = {},
): ChunkReader {
  const digest = digestOfIndex(header);
  const parts: Part[] = [];
  const numbers = new IdMap();
  const ends: number[] = [];

  async function* chunksNoted(): AsyncGenerator<Chunk, void, undefined> {
    const archive = partsNoted(root, header.features, parts, options);
    const cutting = { ...options, digest, lends: true };
    for await (const chunk of cutChunks(archive, casyncSpec(header.sizes), cutting)) {
      numbers.set(chunk.id, ends.length);
      ends.push((ends.at(-1) ?? 0) + chunk.bytes.length);
      yield chunk;
      if (ends.length >= chunkCount) return;
    }
  }

  const ahead = new ChunksAhead(chunksNoted(), options);

  function readAgain(id: ChunkId, number: number): Chunk | undefined {
    const bytes = readParts(parts, ends[number - 1] ?? 0, ends[number]!);
    try {
      return bytes && verifyChunk(id, bytes, digest);
    } catch {
      return undefined; // a file was changed
    }
  }

  async function find(id: ChunkId, asked?: AbortOptions): Promise<Chunk | undefined> {
    const number = numbers.get(id);
    return number === undefined ? abortable(ahead.find(id), asked?.signal) : readAgain(id, number);
  }

  return {
    async get(id, asked) {
      const chunk = await find(id, asked);
      if (chunk === undefined) throw notFound(id);
      return chunk;
    },
    has: async (id, asked) => (await find(id, asked)) !== undefined,
    close: async () => ahead.close(),
    [Symbol.asyncDispose]: async () => ahead.close(),
  };
}

/** The archive of a tree; where which part of it lies is noted. */
async function* partsNoted(
  root: string,
  features: bigint,
  parts: Part[],
  options: AbortOptions,
): AsyncGenerator<Bytes> {
  let at = 0;
  let contentEnd = 0;
  const onContent = (path: Buffer, size: number): void => {
    parts.push({ start: at, path });
    contentEnd = at + size;
  };
  const archived = { ...options, features, keepsNodump: true, staysOnFileSystem: true, onContent };
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
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return fs.fstatSync(fd).isFile() ? readFully(fd, offset, size) : undefined;
  } catch {
    return undefined; // gone, or not to be read: it is fetched
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
