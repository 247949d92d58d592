import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { idOfKey, keyOf } from "../chunk/id-key.ts";
import { copyOfChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";
import type { ChunkRow } from "./chunk-row.ts";
import { Signals } from "./signals.ts";
import { trimStore } from "./trim-store.ts";

/** Stands for one session with the upstream. */
export type Carrier = object;

/** Chunks that are here or on their way, as those see it who bring them. */
export type ClaimedChunks = Pick<RelayChunks, "has" | "claim" | "put" | "release">;

/** A chunk that is being removed. */
interface Going {
  readonly key: string;
  readonly done: Promise<void>;
}

/** The chunks of a relay: those that are here, and those on their way and by which session. */
export class RelayChunks {
  /** Tells of a chunk, by its key, that it came or is wanted again. */
  readonly #signals = new Signals<string>();
  /** Bytes of chunks that came. */
  receivedBytes = 0;
  readonly #store: Store;
  readonly #life = new AbortController();
  /** "here", or who brings it. About 100 bytes a chunk. */
  readonly #known = new Map<string, Carrier | "here">();
  /** Bytes in the store, what came twice counted twice; unknown until they were counted. */
  #storedBytes = Infinity;
  /** While chunks are removed: those that stay, and the one that is on its way out. */
  #trim: { readonly needed: Set<string>; readonly done: Promise<void>; going?: Going } | undefined;

  /** @param store it belongs to the relay, which closes it; it must keep what is put */
  constructor(store: Store) {
    this.#store = store;
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

  /**
   * True when the chunk is here or on its way; otherwise this carrier has to bring it from now on.
   */
  async claim(id: ChunkId, carrier: Carrier, options: AbortOptions): Promise<boolean> {
    const key = keyOf(id);
    this.#trim?.needed.add(key);
    if (this.#known.has(key)) return true;
    const going = this.#trim?.going;
    if (going?.key === key) await going.done;
    const isStored = await this.#store.has(id, options);
    if (this.#known.has(key)) return true; // another carrier was faster
    if (isStored) this.#arrived(key);
    else this.#known.set(key, carrier);
    return isStored;
  }

  /** Takes a chunk that came. Its bytes are copied. @throws NO_SPACE, IO */
  async put(chunk: Chunk): Promise<void> {
    await this.#store.put(copyOfChunk(chunk));
    this.receivedBytes += chunk.bytes.length;
    this.#storedBytes += chunk.bytes.length;
    this.#arrived(keyOf(chunk.id));
  }

  /** Calls back when the chunk has come, or is wanted again. Returns what calls it off. */
  listen(id: ChunkId, wake: () => void): () => void {
    return this.#signals.listen(keyOf(id), wake);
  }

  /** Resolves when the chunk has come, or is wanted again. @throws the signal's reason */
  change(id: ChunkId, signal: AbortSignal | undefined): Promise<void> {
    return this.#signals.wait(keyOf(id), signal);
  }

  /**
   * A chunk that is here.
   *
   * @throws CHUNK_MISSING when it is not, or the store has lost it: it is wanted again then;
   *   CORRUPT, the signal's reason
   */
  async get(id: ChunkId, options: AbortOptions): Promise<Chunk> {
    try {
      return await this.#store.get(id, options);
    } catch (thrown) {
      const isLost = isSyncError(thrown, "NOT_FOUND");
      if (isLost || isSyncError(thrown, "CORRUPT")) await this.#forget(id);
      throw isLost ? new SyncError("CHUNK_MISSING", "the relay has lost a chunk", { cause: thrown }) : thrown;
    }
  }

  /** The carrier brings no more: what it had to bring is wanted again. Returns how much that is. */
  release(carrier: Carrier): number {
    const lost: string[] = [];
    for (const [key, state] of this.#known) if (state === carrier) lost.push(key);
    for (const key of lost) this.#known.delete(key);
    for (const key of lost) this.#signals.tell(key);
    return lost.length;
  }

  /**
   * Removes chunks that are in none of these lists, the oldest first, when more than so many bytes
   * are stored. What the store says to that changes nothing else.
   */
  async trim(limitBytes: number, lists: Iterable<ChunkRow>): Promise<void> {
    await this.#trim?.done;
    if (this.#storedBytes <= limitBytes || this.#trim) return;
    const needed = new Set<string>();
    for (const list of lists) for (let i = 0; i < list.count; i++) needed.add(keyOf(list.id(i)));
    const trimming = trimStore(this.#store, {
      limitBytes,
      isNeeded: (key) => needed.has(key) || typeof this.#known.get(key) === "object",
      known: this.#known,
      remove: (id) => this.#remove(id),
      signal: this.#life.signal,
    });
    const done = trimming.then(
      (bytes) => void (this.#storedBytes = bytes),
      () => {},
    );
    this.#trim = { needed, done };
    await done;
    this.#trim = undefined;
  }

  async #remove(id: ChunkId): Promise<void> {
    const key = keyOf(id);
    this.#known.delete(key);
    const done = this.#store.delete(id);
    this.#trim!.going = { key, done: done.catch(() => {}) };
    await done;
  }

  async close(): Promise<void> {
    this.#life.abort();
    await this.#trim?.done;
    await this.#store.close();
  }

  /** A chunk that cannot be read is not here. */
  async #forget(id: ChunkId): Promise<void> {
    if (!this.has(id)) return;
    this.#known.delete(keyOf(id));
    await this.#store.delete(id).catch(() => {}); // or else it would be taken for stored
  }

  #arrived(key: string): void {
    this.#known.set(key, "here");
    this.#signals.tell(key);
  }
}
