import { concatBytes } from "../../bytes/compare.ts";
import type { ObjectBucket } from "../../bucket/object-bucket.ts";
import { inOrder } from "../../casync/in-order.ts";
import type { Chunk } from "../../chunk/chunk.ts";
import type { Cutter, CutterSpec } from "../../chunk/cutter.ts";
import { type ChunkDigest, sha256Digest } from "../../chunk/digest.ts";
import { chunkOf } from "../../chunk/verify.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import type { CutOptions, CutRun } from "../../tree/source.ts";
import { SpareCutters } from "../../tree/spare-cutters.ts";
import type { AbortOptions, Bytes } from "../../types.ts";

/** An object as it was listed. */
export interface BucketFile {
  readonly key: string;
  /** Below the top of the tree. */
  readonly path: string;
  readonly size: number;
  /** What it is read by: another state of the object has another one. */
  readonly mark: string;
}

/** How content is asked for. */
export const bucketReadLimits = Object.freeze({
  /** Bytes of one request. */
  readPartBytes: 8_388_608,
  /** Requests that are under way at a time, and bytes of them, unless it is one. */
  readPartCount: 16,
  readAheadBytes: 33_554_432,
});

/** Content in one batch of runs, about, and files in it. */
const batchBytes = 1 << 20;
const batchCount = 128;

/** A part of a file; the last one of an empty file is as empty. */
interface Part {
  readonly file: BucketFile;
  readonly offset: number;
  readonly length: number;
}

/** Reads and cuts the objects of a bucket. Requests are made ahead of what is cut. */
export class BucketContent {
  readonly #bucket: ObjectBucket;
  readonly #cutters = new SpareCutters();

  constructor(bucket: ObjectBucket) {
    this.#bucket = bucket;
  }

  /** @throws CHANGED for an object that is another one by now, or is gone; what reading throws */
  async read(
    { key, mark, path }: BucketFile,
    offset: number,
    length: number,
    { signal }: AbortOptions,
  ): Promise<Bytes> {
    signal?.throwIfAborted();
    if (length === 0) return new Uint8Array(0);
    const terms = { range: { offset, length }, ifMark: mark, mostBytes: length, ...(signal && { signal }) };
    const found = await this.#bucket.read(key, terms).catch((thrown: unknown) => {
      throw withPath(toSyncError(thrown, "IO"), path);
    });
    if (!found) throw new SyncError("VANISHED", "the object is gone", { detail: { path } });
    if (found.bytes.length < length)
      throw new SyncError("CHANGED", "the object is shorter than it was", { detail: { path } });
    return found.bytes;
  }

  async *cut(
    files: readonly BucketFile[],
    spec: CutterSpec,
    { signal, room = (count) => new Uint8Array(count), digest = sha256Digest }: CutOptions,
  ): AsyncGenerator<readonly CutRun<BucketFile>[]> {
    const abort = signal ? { signal } : {};
    const fetch = async (part: Part): Promise<Part & { readonly bytes: Bytes | SyncError }> => ({
      ...part,
      bytes: await this.read(part.file, part.offset, part.length, abort).catch((thrown: unknown) =>
        toSyncError(thrown),
      ),
    });
    const cutter = this.#cutters.take(spec);
    let runs: CutRun<BucketFile>[] = [];
    let gathered = 0;
    let failed: BucketFile | undefined;
    const open = new OpenCut(cutter, digest);
    const add = (file: BucketFile, chunks: readonly Chunk[], end?: CutRun<BucketFile>["end"]): void => {
      const run = runOf(file, chunks, room);
      gathered += run.bytes.length;
      runs.push(end === undefined ? run : { ...run, end });
    };
    const ahead = { count: bucketReadLimits.readPartCount, bytes: bucketReadLimits.readAheadBytes };
    try {
      for await (const part of inOrder(
        partsOf(files, (file) => file === failed),
        { ...ahead, bytesOf: ({ length }) => length },
        fetch,
      )) {
        signal?.throwIfAborted();
        const { file, bytes, offset, length } = part;
        if (file === failed) continue;
        if (bytes instanceof Error) {
          failed = file;
          open.drop();
          add(file, [], bytes);
        } else {
          for (const chunks of open.feed(bytes)) add(file, chunks);
          if (offset + length === file.size) add(file, open.end(), "complete");
        }
        if (gathered < batchBytes && runs.length < batchCount) continue;
        yield runs;
        [runs, gathered] = [[], 0];
      }
      if (runs.length > 0) yield runs;
    } finally {
      this.#cutters.give(cutter);
    }
  }
}

/** A file that is being cut. */
class OpenCut {
  readonly #cutter: Cutter;
  readonly #digest: ChunkDigest;
  #filled = 0;

  constructor(cutter: Cutter, digest: ChunkDigest) {
    this.#cutter = cutter;
    this.#digest = digest;
  }

  /** Takes content, and yields the chunks that are complete whenever the cutter is full. */
  *feed(bytes: Bytes): Generator<readonly Chunk[]> {
    const { buffer } = this.#cutter;
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + buffer.length - this.#filled);
      buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === buffer.length) yield this.#take(false);
    }
  }

  /** The chunks of what is left. */
  end(): readonly Chunk[] {
    return this.#take(true);
  }

  /** Gives up the file. */
  drop(): void {
    this.#filled = 0;
  }

  #take(isLast: boolean): readonly Chunk[] {
    const { buffer } = this.#cutter;
    const chunks: Chunk[] = [];
    let start = 0;
    for (const end of this.#cutter.cut(this.#filled, isLast)) {
      chunks.push(chunkOf(buffer.slice(start, end), this.#digest));
      start = end;
    }
    buffer.copyWithin(0, start, this.#filled);
    this.#filled -= start;
    return chunks;
  }
}

/** @param hasFailed true for a file of which nothing more is read */
function* partsOf(files: readonly BucketFile[], hasFailed: (file: BucketFile) => boolean): Generator<Part> {
  const { readPartBytes } = bucketReadLimits;
  for (const file of files)
    for (let offset = 0; offset === 0 || (offset < file.size && !hasFailed(file)); offset += readPartBytes)
      yield { file, offset, length: Math.min(readPartBytes, file.size - offset) };
}

function runOf(
  file: BucketFile,
  chunks: readonly Chunk[],
  room: (count: number) => Bytes,
): CutRun<BucketFile> {
  const sizes = chunks.map(({ bytes }) => bytes.length);
  const bytes = room(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, at);
    at += chunk.bytes.length;
  }
  return { file, sizes, ids: concatBytes(chunks.map(({ id }) => id)), bytes };
}
