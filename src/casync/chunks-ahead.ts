import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { keyOf } from "../chunk/id-key.ts";
import { copyOfChunk } from "../chunk/verify.ts";
import type { AbortOptions } from "../types.ts";

/** Limits of seeds. */
export const seedLimits = Object.freeze({
  /** Chunks of a tree or blob that are known of at a time: an index may ask for tiny ones. */
  seedChunkCount: 4_000_000,
  /** Chunks of it behind the last one of use among which one has to be that is waited for. */
  seedAheadCount: 1024,
});

/** A chunk, and where it lies in what it was cut from. */
export interface PlacedChunk {
  readonly chunk: Chunk;
  readonly offset: number;
}

/** A chunk that is waited for. */
interface Sought {
  readonly coming: Promise<PlacedChunk | undefined>;
  readonly resolve: (chunk: PlacedChunk | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What is still to come of a stream of chunks, read no further than somebody waits for. Versions
 * are in step as a rule, so a chunk that is not among the `seedAheadCount` behind the last one of
 * use is taken to be missing. What follows is then read beside, to know the chunks of it.
 */
export class ChunksAhead {
  readonly #chunks: AsyncGenerator<PlacedChunk, void, undefined>;
  readonly #signal: AbortSignal | undefined;
  readonly #sought = new Map<string, Sought>();
  #readCount = 0;
  /** How many there were with the last one of use. */
  #usedCount = 0;
  #hasForgone = false;
  #isReading = false;
  #isOver = false;

  /** @param chunks they may be lent; what they throw is their end, unless it is by the signal */
  constructor(chunks: AsyncGenerator<PlacedChunk, void, undefined>, { signal }: AbortOptions = {}) {
    this.#chunks = chunks;
    this.#signal = signal;
  }

  /**
   * Reads on as far as a chunk; undefined for one that is taken to be missing, or is.
   *
   * @throws the signal's reason
   */
  async find(id: ChunkId): Promise<PlacedChunk | undefined> {
    if (this.#isOver) return undefined;
    const key = keyOf(id);
    const sought = this.#sought.get(key) ?? soughtOne();
    this.#sought.set(key, sought);
    if (!this.#isReading) void this.#read();
    return sought.coming;
  }

  /** Says that a chunk was of use that came before. @param number 0 for the first */
  use(number: number): void {
    this.#usedCount = Math.max(this.#usedCount, number + 1);
  }

  /** Reads no more; who waits is told that there is nothing. */
  async close(): Promise<void> {
    this.#end();
    await this.#chunks.return();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#readsOn()) {
        const { value: chunk } = await this.#chunks.next();
        if (!chunk) return this.#end();
        this.#take(chunk);
      }
    } catch {
      this.#end();
    } finally {
      this.#isReading = false;
    }
  }

  /** False when nobody waits for what follows, and it need not be known either. */
  #readsOn(): boolean {
    this.#forgo();
    return this.#sought.size > 0 || this.#hasForgone;
  }

  #take({ chunk, offset }: PlacedChunk): void {
    const key = keyOf(chunk.id);
    const sought = this.#sought.get(key);
    if (sought) this.use(this.#readCount);
    this.#readCount++;
    this.#sought.delete(key);
    sought?.resolve({ chunk: copyOfChunk(chunk), offset });
  }

  /** Tells who waits that there is nothing, where enough was read for them. */
  #forgo(): void {
    if (this.#readCount - this.#usedCount < seedLimits.seedAheadCount || this.#sought.size === 0) return;
    this.#hasForgone = true;
    for (const { resolve } of this.#sought.values()) resolve(undefined);
    this.#sought.clear();
  }

  #end(): void {
    this.#isOver = true;
    for (const { resolve, reject } of this.#sought.values())
      if (this.#signal?.aborted === true) reject(this.#signal.reason);
      else resolve(undefined);
    this.#sought.clear();
  }
}

function soughtOne(): Sought {
  let [resolve, reject]: [Sought["resolve"], Sought["reject"]] = [() => {}, () => {}];
  const coming = new Promise<PlacedChunk | undefined>((...settlers) => ([resolve, reject] = settlers));
  return { coming, resolve, reject };
}
