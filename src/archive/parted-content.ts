import { concatBytes } from "../bytes/compare.ts";
import { inOrder } from "../casync/in-order.ts";
import type { Chunk } from "../chunk/chunk.ts";
import type { Cutter, CutterSpec } from "../chunk/cutter.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { chunkOf } from "../chunk/verify.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { ScanVisitor } from "../tree/scan.ts";
import type { CutOptions, CutRun } from "../tree/source.ts";
import { SpareCutters } from "../tree/spare-cutters.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/** How the parts of files are read. */
export interface PartReading<File> {
  /** Bytes of one part, at most. */
  readonly partBytes: number;
  /** Parts that are under way at a time, and bytes of them, unless it is one. */
  readonly partCount: number;
  readonly aheadBytes: number;
  /** A part of a file, all of it. */
  read(file: File, offset: number, length: number, options: AbortOptions): Promise<Bytes>;
}

/** Content in one batch of runs, about, and files in it. */
const batchBytes = 1 << 20;
const batchCount = 128;

/** A part of a file; the last one of an empty file is as empty. */
interface Part<File> {
  readonly file: File;
  readonly offset: number;
  readonly length: number;
}

/** Reads and cuts files whose parts are read one by one, ahead of what is cut. */
export class PartedContent<File extends { readonly size: number }> {
  readonly #reading: PartReading<File>;
  readonly #cutters = new SpareCutters();

  constructor(reading: PartReading<File>) {
    this.#reading = reading;
  }

  /** Reads files whole, one after another. */
  async *scan(
    files: readonly File[],
    room: Bytes,
    visitor: ScanVisitor<File>,
    { signal }: AbortOptions,
  ): AsyncGenerator<void> {
    let failed: File | undefined;
    let left: Bytes = new Uint8Array(0);
    for await (const { file, bytes, offset, length } of this.#parts(
      files,
      (file) => file === failed,
      signal,
    )) {
      if (file === failed) continue;
      if (bytes instanceof Error) {
        [failed, left] = [file, new Uint8Array(0)];
        visitor.end(file, bytes);
        continue;
      }
      const isLast = offset + length === file.size;
      left = yield* showBlocks(file, concatBytes([left, bytes]), isLast, room, visitor);
      if (isLast) visitor.end(file, "complete"); // never once more: a state that was listed does not grow
      yield;
    }
  }

  /** The parts of files in order, requested ahead; of a file that is left no further ones. */
  async *#parts(
    files: readonly File[],
    isLeft: (file: File) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Part<File> & { readonly bytes: Bytes | SyncError }> {
    const { partBytes, partCount: count, aheadBytes } = this.#reading;
    const ahead = { count, bytes: aheadBytes, bytesOf: ({ length }: Part<File>) => length };
    const fetch = async (part: Part<File>) => ({
      ...part,
      bytes: await this.#reading
        .read(part.file, part.offset, part.length, signal ? { signal } : {})
        .catch((thrown: unknown) => toSyncError(thrown)),
    });
    for await (const part of inOrder(partsOf(files, partBytes, isLeft), ahead, fetch)) {
      signal?.throwIfAborted();
      yield part;
    }
  }

  async *cut(
    files: readonly File[],
    spec: CutterSpec,
    { signal, room = (count) => new Uint8Array(count), digest = sha256Digest }: CutOptions,
  ): AsyncGenerator<readonly CutRun<File>[]> {
    const cutter = this.#cutters.take(spec);
    let runs: CutRun<File>[] = [];
    let gathered = 0;
    let failed: File | undefined;
    const open = new OpenCut(cutter, digest);
    const add = (file: File, chunks: readonly Chunk[], end?: CutRun<File>["end"]): void => {
      const run = runOf(file, chunks, room);
      gathered += run.bytes.length;
      runs.push(end === undefined ? run : { ...run, end });
    };
    try {
      for await (const part of this.#parts(files, (file) => file === failed, signal)) {
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

/** Shows bytes of a file to a visitor, and returns those that wait for the next ones. */
function* showBlocks<File>(
  file: File,
  bytes: Bytes,
  isLast: boolean,
  room: Bytes,
  visitor: ScanVisitor<File>,
): Generator<void, Bytes> {
  for (let at = 0; ;) {
    const block = bytes.subarray(at, at + room.length);
    const isEnd = isLast && at + block.length === bytes.length;
    if (!isEnd && block.length < room.length) return block;
    room.set(block);
    at += visitor.block(file, block.length, isEnd);
    if (isEnd) return new Uint8Array(0);
    yield;
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
function* partsOf<File extends { readonly size: number }>(
  files: readonly File[],
  partBytes: number,
  hasFailed: (file: File) => boolean,
): Generator<Part<File>> {
  for (const file of files)
    for (let offset = 0; offset === 0 || (offset < file.size && !hasFailed(file)); offset += partBytes)
      yield { file, offset, length: Math.min(partBytes, file.size - offset) };
}

function runOf<File>(file: File, chunks: readonly Chunk[], room: (count: number) => Bytes): CutRun<File> {
  const sizes = chunks.map(({ bytes }) => bytes.length);
  const bytes = room(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, at);
    at += chunk.bytes.length;
  }
  return { file, sizes, ids: concatBytes(chunks.map(({ id }) => id)), bytes };
}
