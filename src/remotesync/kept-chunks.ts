import type { Chunk } from "../chunk/chunk.ts";

/** Bytes of chunks that are kept in all. */
const limitBytes = 4 * 2 ** 20;

/**
 * Chunks that arrived lately, to spare reading them back from a store when their turn comes. What
 * does not fit is not kept.
 */
export class KeptChunks {
  readonly #chunks = new Map<number, Chunk>();
  #sizeBytes = 0;

  get(number: number): Chunk | undefined {
    return this.#chunks.get(number);
  }

  offer(number: number, chunk: Chunk): void {
    if (this.#sizeBytes + chunk.bytes.length > limitBytes) return;
    this.#sizeBytes += chunk.bytes.length;
    this.#chunks.set(number, chunk);
  }

  delete(number: number): void {
    this.#sizeBytes -= this.#chunks.get(number)?.bytes.length ?? 0;
    this.#chunks.delete(number);
  }

  clear(): void {
    this.#chunks.clear();
    this.#sizeBytes = 0;
  }
}
