import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { keyOf } from "../chunk/id-key.ts";
import { copyOfChunk } from "../chunk/verify.ts";
import type { AbortOptions } from "../types.ts";

/** A chunk that is waited for. */
interface Sought {
  readonly coming: Promise<Chunk | undefined>;
  readonly resolve: (chunk: Chunk | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** What is still to come of a stream of chunks, read no further than somebody waits for. */
export class ChunksAhead {
  readonly #chunks: AsyncGenerator<Chunk, void, undefined>;
  readonly #signal: AbortSignal | undefined;
  readonly #sought = new Map<string, Sought>();
  #isRead = false;
  #isOver = false;

  /** @param chunks they may be lent; what they throw is their end, unless it is by the signal */
  constructor(chunks: AsyncGenerator<Chunk, void, undefined>, { signal }: AbortOptions = {}) {
    this.#chunks = chunks;
    this.#signal = signal;
  }

  /** Reads on as far as a chunk; undefined when the end comes first. @throws the signal's reason */
  async find(id: ChunkId): Promise<Chunk | undefined> {
    if (this.#isOver) return undefined;
    const key = keyOf(id);
    const sought = this.#sought.get(key) ?? soughtOne();
    this.#sought.set(key, sought);
    if (!this.#isRead) void this.#read();
    return sought.coming;
  }

  /** Reads no more; who waits is told that there is nothing. */
  async close(): Promise<void> {
    this.#end();
    await this.#chunks.return();
  }

  async #read(): Promise<void> {
    this.#isRead = true;
    try {
      while (this.#sought.size > 0) {
        const { value: chunk } = await this.#chunks.next();
        if (!chunk) return this.#end();
        this.#take(chunk);
      }
    } catch {
      this.#end();
    } finally {
      this.#isRead = false;
    }
  }

  #take(chunk: Chunk): void {
    const key = keyOf(chunk.id);
    this.#sought.get(key)?.resolve(copyOfChunk(chunk));
    this.#sought.delete(key);
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
  const coming = new Promise<Chunk | undefined>((...settlers) => ([resolve, reject] = settlers));
  return { coming, resolve, reject };
}
