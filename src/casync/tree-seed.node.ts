import fs from "node:fs";
import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { cutChunks } from "../chunk/cut-chunks.ts";
import { casyncSpec } from "../chunk/cutter-specs.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { notFound } from "../store/key.ts";
import type { ChunkReader } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { archiveTree } from "./archive-tree.node.ts";
import { readFully } from "./blob-seed.node.ts";
import { digestOfIndex, type IndexHeader } from "./index-header.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

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
 * newer one. All of it is read once, but for what is mounted there, and a chunk again when it is
 * asked for, which is verified then: the tree may change meanwhile. In memory is what stands around
 * contents, and 40 bytes a chunk.
 *
 * @param header of the newer one
 * @throws what `archiveTree` throws, UNSUPPORTED for sizes that cannot be cut by, and the signal's
 *   reason
 */
export async function treeSeed(
  root: string,
  header: IndexHeader,
  options: AbortOptions = {},
): Promise<ChunkReader> {
  const digest = digestOfIndex(header);
  const parts: Part[] = [];
  const numbers = new IdMap();
  const ends: number[] = [];
  const archive = partsNoted(root, header.features, parts, options);
  const cutting = { ...options, digest, lends: true };
  for await (const { id, bytes } of cutChunks(archive, casyncSpec(header.sizes), cutting)) {
    numbers.set(id, ends.length);
    ends.push((ends.at(-1) ?? 0) + bytes.length);
  }

  async function get(id: ChunkId) {
    const number = numbers.get(id);
    const bytes = number === undefined ? undefined : readParts(parts, ends[number - 1] ?? 0, ends[number]!);
    if (bytes === undefined) throw notFound(id);
    try {
      return verifyChunk(id, bytes, digest);
    } catch {
      throw notFound(id); // a file was changed
    }
  }

  const close = async (): Promise<void> => {};
  return {
    get,
    has: async (id) => numbers.get(id) !== undefined,
    close,
    [Symbol.asyncDispose]: close,
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
