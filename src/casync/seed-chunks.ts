import { IdMap } from "../bytes/id-map.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { cutChunks } from "../chunk/cut-chunks.ts";
import { casyncSpec } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { verifyChunk } from "../chunk/verify.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { ChunksAhead, type PlacedChunk, seedLimits } from "./chunks-ahead.ts";
import { digestOfIndex, type IndexHeader } from "./index-header.ts";

export interface SeedOptions extends AbortOptions {
  /** Chunks that are noted, at most; `seedChunkCount` unless given. */
  readonly chunkCount?: number;
}

/**
 * What lies at a place of the content; undefined where that has no more.
 *
 * @param into what it may be read into, at least as long
 */
export type ReadAgain = (offset: number, size: number, into?: Bytes) => Bytes | undefined;

/**
 * The chunks of content that is here, for who has the index of a newer version of it. It is cut
 * once, as far as the chunk that is asked for; `ChunksAhead` says when one is taken to be missing,
 * which has the rest cut beside. A chunk that was passed is read again, and verified:
 * the content may change meanwhile. What cannot be read or cut ends the reading and is no failure.
 * In memory are 40 bytes a chunk, of which no more than `seedChunkCount` are noted.
 */
export class SeedChunks {
  readonly #digest: ChunkDigest;
  readonly #readAgain: ReadAgain;
  readonly #numbers = new IdMap();
  readonly #ends: number[] = [];
  readonly #ahead: ChunksAhead;

  /** @param header of the index of the newer version */
  constructor(
    content: AsyncIterable<Bytes>,
    header: IndexHeader,
    readAgain: ReadAgain,
    { chunkCount = seedLimits.seedChunkCount, ...options }: SeedOptions = {},
  ) {
    this.#digest = digestOfIndex(header);
    this.#readAgain = readAgain;
    this.#ahead = new ChunksAhead(this.#cut(content, header, chunkCount, options), options);
  }

  /**
   * Finds a chunk; undefined when it is not there, or hardly.
   *
   * @param into what a chunk that was passed is read into; memory of its own unless given. What a
   *   promise gives is always in memory of its own
   * @throws by the promise alone, the signal's reason
   */
  find(id: ChunkId, into?: Bytes): PlacedChunk | undefined | Promise<PlacedChunk | undefined> {
    const number = this.#numbers.get(id);
    return number === undefined ? this.#ahead.find(id) : this.#noted(id, number, into);
  }

  /** Reads no more; who waits is told that there is nothing. */
  close(): Promise<void> {
    return this.#ahead.close();
  }

  async *#cut(
    content: AsyncIterable<Bytes>,
    { sizes }: IndexHeader,
    chunkCount: number,
    options: AbortOptions,
  ): AsyncGenerator<PlacedChunk, void, undefined> {
    let offset = 0;
    const cutting = { ...options, digest: this.#digest, lends: true };
    for await (const chunk of cutChunks(content, casyncSpec(sizes), cutting)) {
      // What is there several times is noted where it was first.
      if (this.#numbers.get(chunk.id) === undefined) this.#numbers.set(chunk.id, this.#ends.length);
      const placed = { chunk, offset };
      this.#ends.push((offset += chunk.bytes.length));
      yield placed;
      if (this.#ends.length >= chunkCount) return;
    }
  }

  #noted(id: ChunkId, number: number, into?: Bytes): PlacedChunk | undefined {
    const offset = this.#ends[number - 1] ?? 0;
    const bytes = this.#readAgain(offset, this.#ends[number]! - offset, into);
    const chunk = bytes && this.#verified(id, bytes);
    if (chunk) this.#ahead.use(number);
    return chunk && { chunk, offset };
  }

  #verified(id: ChunkId, bytes: Bytes): Chunk | undefined {
    try {
      return verifyChunk(id, bytes, this.#digest);
    } catch {
      return undefined; // it was changed
    }
  }
}
