import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { idOfKey, keyOf } from "../chunk/id-key.ts";
import { copyOfChunk } from "../chunk/verify.ts";
import type { SyncError } from "../errors.ts";
import { type AwaitedStore, awaitedStore } from "../store/awaited.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";
import { News } from "./news.ts";

/** Stands for one session with the upstream. */
export type Carrier = object;

/** Chunks that are here or on their way, as those see it who bring them. */
export type ClaimedChunks = Pick<RelayChunks, "has" | "claim" | "put" | "release">;

/** The chunks of a relay: those that are here, and those on their way and by which session. */
export class RelayChunks {
  /** Tells of a chunk, by its key, that it came or is wanted again. */
  readonly #news = new News<string>();
  /** Bytes of chunks that came. */
  receivedBytes = 0;
  readonly #store: AwaitedStore;
  /** "here", or who brings it. About 100 bytes a chunk. */
  readonly #known = new Map<string, Carrier | "here">();

  /** @param store it belongs to the relay, which closes it; it must keep what is put */
  constructor(store: Store) {
    this.#store = awaitedStore(store);
  }

  /** Calls of `get` that wait now. */
  get waitingCount(): number {
    return this.#store.waitingCount;
  }

  /** True for a chunk that is here, without a look at any medium. */
  has(id: ChunkId): boolean {
    return this.#known.get(keyOf(id)) === "here";
  }

  /** Chunks that are here, up to so many. */
  list(maxCount: number): ChunkId[] {
    const ids: ChunkId[] = [];
    for (const [key, state] of this.#known) {
      if (ids.length >= maxCount) break;
      if (state === "here") ids.push(idOfKey(key));
    }
    return ids;
  }

  /** True for a chunk that somebody brings. */
  isComing(id: ChunkId): boolean {
    const state = this.#known.get(keyOf(id));
    return state !== undefined && state !== "here";
  }

  /** True when the chunk is here or on its way; otherwise this carrier has to bring it from now on. */
  async claim(id: ChunkId, carrier: Carrier, options: AbortOptions): Promise<boolean> {
    const key = keyOf(id);
    if (this.#known.has(key)) return true;
    if (await this.#store.has(id, options)) {
      this.#arrived(key);
      return true;
    }
    this.#known.set(key, carrier);
    return false;
  }

  /** Takes a chunk that came. Its bytes are copied. @throws NO_SPACE, IO */
  async put(chunk: Chunk): Promise<void> {
    await this.#store.put(copyOfChunk(chunk));
    this.receivedBytes += chunk.bytes.length;
    this.#arrived(keyOf(chunk.id));
  }

  /** Calls back when the chunk has come, or is wanted again. Returns what calls it off. */
  listen(id: ChunkId, wake: () => void): () => void {
    return this.#news.listen(keyOf(id), wake);
  }

  /** Resolves when the chunk has come, or is wanted again. @throws the signal's reason */
  change(id: ChunkId, signal: AbortSignal | undefined): Promise<void> {
    return this.#news.wait(keyOf(id), signal);
  }

  /** The chunk, once it is here. @throws why no more come, the signal's reason */
  get(id: ChunkId, options: AbortOptions): Promise<Chunk> {
    return this.#store.get(id, options);
  }

  /** The carrier brings no more: what it had to bring is wanted again. Returns how much that is. */
  release(carrier: Carrier): number {
    const lost: string[] = [];
    for (const [key, state] of this.#known) if (state === carrier) lost.push(key);
    for (const key of lost) this.#known.delete(key);
    for (const key of lost) this.#news.tell(key);
    return lost.length;
  }

  /** No more chunks will come. */
  end(reason: SyncError): void {
    this.#store.end(reason);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #arrived(key: string): void {
    this.#known.set(key, "here");
    this.#news.tell(key);
  }
}
