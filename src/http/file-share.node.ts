import { createHash, createHmac, randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { abortable } from "../bytes/abort.ts";
import { IdMap } from "../bytes/id-map.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { type Permutation, randomPermutation } from "../remotesync/permutation.ts";
import { type SyncInfo, syncInfoLimits, syncInfoOf } from "../remotesync/sync-info.ts";
import type { Bytes } from "../types.ts";
import type { SharedFile, ShareOptions } from "./share.ts";

/** Makes files on disk ready to be fetched chunk by chunk, and remembers how they were cut. */
export interface FileShare {
  /**
   * Cuts a file, unless it is remembered from the last time.
   *
   * @param handle it belongs to the file that is returned, which closes it; also when this throws
   * @throws LIMIT for a file of too many chunks, IO
   */
  open(handle: FileHandle, options: ShareOptions): Promise<SharedFile>;
}

/** Chunks of all files that are remembered together; each takes about 150 bytes. 2^18 are about 2 GiB of files. */
const rememberedChunkCount = 2 ** 18;
/** Elements of a permutation, as many as the Go program uses. */
const permutationCount = 256;
const blockBytes = 1 << 20;

interface CutFile {
  readonly info: SyncInfo;
  readonly version: string;
  /** Chunk numbers by id, and where each chunk starts. */
  readonly numbers: IdMap;
  readonly offsets: Float64Array;
}

/** A share of single files, which has no names for them. */
export function fileShare(): FileShare {
  const remembered = new Map<string, Promise<CutFile>>();
  const secret = randomBytes(32);
  let chunkCount = 0;

  function cut(handle: FileHandle, version: string, options: ShareOptions): Promise<CutFile> {
    const known = remembered.get(version);
    if (known) {
      remembered.delete(version);
      remembered.set(version, known); // the youngest again
      return abortable(known, options.signal);
    }
    const cutting = cutFile(handle, version);
    remembered.set(version, cutting);
    cutting.then(makeRoom, () => remembered.delete(version));
    return cutting;
  }

  /** Forgets the files that were asked for longest ago; never the one just cut. */
  function makeRoom({ info }: CutFile): void {
    chunkCount += info.chunks.length;
    for (const [version, cutting] of remembered) {
      if (chunkCount <= rememberedChunkCount || remembered.size === 1) return;
      remembered.delete(version);
      void cutting.then(({ info: { chunks } }) => (chunkCount -= chunks.length));
    }
  }

  return {
    async open(handle, options) {
      try {
        const version = versionOf(await handle.stat({ bigint: true }));
        const file = await cut(handle, version, options);
        const perm = permutationFor(secret, `${version}|${options.peer ?? ""}`, file.info.chunks.length);
        return {
          info: { chunks: file.info.chunks, perm },
          version: file.version,
          chunk: (id, { signal }) => {
            signal?.throwIfAborted();
            return readChunk(handle, file, id);
          },
          close: () => handle.close(),
        };
      } catch (thrown) {
        await handle.close();
        throw thrown;
      }
    },
  };
}

/** Two states of a file differ in one of these; the name tells none of them. */
function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return createHash("sha256")
    .update(`${dev}|${ino}|${size}|${mtimeNs}|${ctimeNs}`)
    .digest("hex")
    .slice(0, 32);
}

async function cutFile(handle: FileHandle, version: string): Promise<CutFile> {
  const info = await syncInfoOf(readBlocks(handle));
  const { chunks } = info;
  if (chunks.length > syncInfoLimits.maxChunkCount) {
    const limit = syncInfoLimits.maxChunkCount;
    throw new SyncError("LIMIT", `the file has more than ${limit} chunks`, { detail: { limit } });
  }
  const numbers = new IdMap();
  const offsets = new Float64Array(chunks.length);
  let offset = 0;
  for (const [number, { id, size }] of chunks.entries()) {
    numbers.set(id, number);
    offsets[number] = offset;
    offset += size;
  }
  return { info, version, numbers, offsets };
}

async function* readBlocks(handle: FileHandle): AsyncGenerator<Bytes, void, undefined> {
  for (let offset = 0; ;) {
    const block = Buffer.allocUnsafeSlow(blockBytes);
    const { bytesRead } = await handle.read(block, 0, block.length, offset);
    if (bytesRead === 0) return;
    offset += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

async function readChunk(handle: FileHandle, file: CutFile, id: ChunkId): Promise<Chunk> {
  const number = file.numbers.get(id);
  if (number === undefined) throw new SyncError("NOT_FOUND", "the file has no such chunk");
  const bytes = Buffer.allocUnsafe(file.info.chunks[number]!.size);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, file.offsets[number]!);
  try {
    return verifyChunk(id, bytes.subarray(0, bytesRead));
  } catch (cause) {
    if (!isSyncError(cause, "UNEXPECTED_CHUNK")) throw cause;
    throw new SyncError("CHANGED", "the file changed while it was being sent", { cause });
  }
}

/** Drawn anew for each peer and file, yet the same for the two requests of one fetch. */
function permutationFor(secret: Bytes, seed: string, chunkCount: number): Permutation {
  let counter = 0;
  let pool = new DataView(new ArrayBuffer(0));
  let at = 0;
  const randomBelow = (limit: number): number => {
    if (at + 4 > pool.byteLength) {
      const bytes = createHmac("sha256", secret).update(`${counter++}|${seed}`).digest();
      pool = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      at = 0;
    }
    at += 4;
    return Math.floor((pool.getUint32(at - 4) / 2 ** 32) * limit);
  };
  return randomPermutation(Math.max(1, Math.min(permutationCount, chunkCount)), randomBelow);
}
