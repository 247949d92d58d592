import { equalBytes } from "../../bytes/compare.ts";
import { toHex } from "../../bytes/hex.ts";
import { IdMap } from "../../bytes/id-map.ts";
import { type Chunk, type ChunkId, idBytes } from "../../chunk/chunk.ts";
import { verifyChunk } from "../../chunk/verify.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";

/** Reads a part of one owner of chunks. */
type ReadPart = (offset: number, size: number) => Promise<Bytes>;

/** Chunks and where they lie, about 70 bytes of memory each. Nothing of their content is held. */
export class FoundChunks {
  readonly #numbers = new IdMap();
  readonly #reads: ReadPart[] = [];
  readonly #owners: number[] = [];
  readonly #offsets: number[] = [];
  readonly #sizes: number[] = [];
  #ids = new Uint8Array(idBytes * 1024);

  /** Starts a new owner of chunks, such as a file: those added next lie in it. */
  addOwner(read: ReadPart): void {
    this.#reads.push(read);
  }

  /** Adds a chunk of the last owner, unless one with the same id is known. */
  add(id: ChunkId, offset: number, size: number): void {
    if (this.#numbers.get(id) !== undefined) return;
    const number = this.#owners.length;
    this.#numbers.set(id, number);
    this.#owners.push(this.#reads.length - 1);
    this.#offsets.push(offset);
    this.#sizes.push(size);
    this.#makeRoom((number + 1) * idBytes);
    this.#ids.set(id, number * idBytes);
  }

  has(id: ChunkId): boolean {
    return this.#find(id) !== undefined;
  }

  /**
   * Reads a chunk from where it was found.
   *
   * @throws NOT_FOUND when it was not, CHANGED when something else lies there now
   */
  async get(id: ChunkId): Promise<Chunk> {
    const number = this.#find(id);
    if (number === undefined) throw new SyncError("NOT_FOUND", `no chunk ${toHex(id)}`);
    const read = this.#reads[this.#owners[number]!]!;
    const bytes = await read(this.#offsets[number]!, this.#sizes[number]!);
    try {
      return verifyChunk(id, bytes);
    } catch (cause) {
      if (!isSyncError(cause, "UNEXPECTED_CHUNK")) throw cause;
      throw new SyncError("CHANGED", "a file is not what it was any more", { cause });
    }
  }

  #find(id: ChunkId): number | undefined {
    const number = this.#numbers.get(id);
    if (number === undefined) return undefined;
    // Of two ids that begin alike the second counts as not found.
    const found = this.#ids.subarray(number * idBytes, (number + 1) * idBytes);
    return equalBytes(found, id) ? number : undefined;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#ids.length) return;
    const larger = new Uint8Array(this.#ids.length * 2);
    larger.set(this.#ids);
    this.#ids = larger;
  }
}
