import { IdMap } from "../../../bytes/id-map.ts";
import type { Chunk, ChunkId, ChunkInfo } from "../../../chunk/chunk.ts";
import { verifyChunk } from "../../../chunk/verify.ts";
import { isSyncError, SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { readFully } from "../calls/file-cut.node.ts";

/** Bytes between two chunks that are read with them rather than passed over by one more call. */
const gapBytes = 4096;

/**
 * Where the chunks of a file lie, one behind the other. About 60 bytes of memory each beside the
 * list.
 */
export class ChunkPlaces {
  readonly chunks: readonly ChunkInfo[];
  readonly #numbers = new IdMap();
  readonly #offsets: Float64Array;

  constructor(chunks: readonly ChunkInfo[]) {
    this.chunks = chunks;
    this.#offsets = new Float64Array(chunks.length);
    let offset = 0;
    for (const [number, { id, size }] of chunks.entries()) {
      this.#numbers.set(id, number);
      this.#offsets[number] = offset;
      offset += size;
    }
  }

  /** @throws NOT_FOUND */
  find(id: ChunkId): { readonly offset: number; readonly size: number } {
    const number = this.#numbers.get(id);
    if (number === undefined) throw new SyncError("NOT_FOUND", "the file has no such chunk");
    return { offset: this.#offsets[number]!, size: this.chunks[number]!.size };
  }
}

/** A chunk that was asked for, and where it lies. */
interface Wanted {
  readonly at: number;
  readonly id: ChunkId;
  readonly offset: number;
  readonly size: number;
}

/**
 * Reads chunks out of an open file, which it leaves to the caller. Those that lie beside each other
 * are read in one go.
 */
export class ChunkReader {
  readonly #fd: number;
  readonly #places: ChunkPlaces;
  #buffer = new Uint8Array(0);

  constructor(fd: number, places: ChunkPlaces) {
    this.#fd = fd;
    this.#places = places;
  }

  /**
   * Reads chunks, in the order asked for. Their bytes stay as they are until the next call.
   *
   * @param ids their content has to fit into memory
   * @throws NOT_FOUND for one that the file does not have; CHANGED when something else lies there;
   *   what the system says
   */
  read(ids: readonly ChunkId[]): Chunk[] {
    const wanted = ids.map((id, at): Wanted => ({ at, id, ...this.#places.find(id) }));
    const chunks = new Array<Chunk>(ids.length);
    let filled = 0;
    this.#makeRoom(wanted.reduce((sum, { size }) => sum + size + gapBytes, 0));
    for (const run of runsOf(wanted)) filled += this.#readRun(run, filled, chunks);
    return chunks;
  }

  /** Returns the bytes of the buffer that it used. */
  #readRun(run: readonly Wanted[], from: number, chunks: Chunk[]): number {
    const start = run[0]!.offset;
    const last = run.at(-1)!;
    const bytes = this.#buffer.subarray(from, from + last.offset + last.size - start);
    const count = readFully(this.#fd, bytes, start);
    for (const { at, id, offset, size } of run) {
      const chunk = bytes.subarray(offset - start, Math.min(count, offset - start + size));
      chunks[at] = verified(id, chunk);
    }
    return bytes.length;
  }

  #makeRoom(bytes: number): void {
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
  }
}

/**
 * Groups of chunks that lie beside each other, in the order of the file; the last of each ends
 * last, empty ones included.
 */
function* runsOf(wanted: readonly Wanted[]): Generator<readonly Wanted[]> {
  let run: Wanted[] = [];
  let end = 0;
  for (const each of wanted.toSorted((a, b) => a.offset - b.offset || a.size - b.size)) {
    if (run.length > 0 && each.offset > end + gapBytes) {
      yield run;
      run = [];
    }
    run.push(each);
    end = each.offset + each.size;
  }
  if (run.length > 0) yield run;
}

function verified(id: ChunkId, bytes: Bytes): Chunk {
  try {
    return verifyChunk(id, bytes);
  } catch (cause) {
    if (!isSyncError(cause, "UNEXPECTED_CHUNK")) throw cause;
    throw new SyncError("CHANGED", "the file changed while it was being sent", { cause });
  }
}
