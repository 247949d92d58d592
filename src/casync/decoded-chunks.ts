import { keyOf } from "../chunk/id-key.ts";
import { LruList } from "../store/lru-list.ts";
import type { Bytes } from "../types.ts";
import type { IndexChunk } from "./index-header.ts";

/** A chunk that is kept, or on its way. */
interface Kept {
  readonly key: string;
  readonly sizeBytes: number;
  readonly bytes: Promise<Bytes>;
  older: Kept | undefined;
  younger: Kept | undefined;
}

/** Fetches a chunk of an index. */
export type FetchChunk = (chunk: IndexChunk) => Promise<Bytes>;

/**
 * Chunks that were used last, decoded, for all who read. One that is asked for by several at a time
 * is fetched once; one that could not be fetched is asked for again the next time.
 */
export class DecodedChunks {
  readonly #fetch: FetchChunk;
  readonly #limitBytes: number;
  readonly #kept = new Map<string, Kept>();
  readonly #order = new LruList<Kept>();
  #keptBytes = 0;

  /** @param limitBytes of all that is kept; the chunk that came last is kept anyhow */
  constructor(fetch: FetchChunk, limitBytes: number) {
    this.#fetch = fetch;
    this.#limitBytes = limitBytes;
  }

  get(chunk: IndexChunk): Promise<Bytes> {
    const key = keyOf(chunk.id);
    const found = this.#kept.get(key);
    // The same chunk has the same size, unless an index lies.
    if (found?.sizeBytes === chunk.size) {
      this.#order.remove(found);
      this.#order.append(found);
      return found.bytes;
    }
    if (found) this.#drop(found);
    const bytes = this.#fetch(chunk);
    const kept: Kept = { key, sizeBytes: chunk.size, bytes, older: undefined, younger: undefined };
    this.#kept.set(key, kept);
    this.#order.append(kept);
    this.#keptBytes += kept.sizeBytes;
    bytes.catch(() => this.#drop(kept));
    this.#makeRoom(kept);
    return bytes;
  }

  #makeRoom(last: Kept): void {
    for (let old = this.#order.oldest; old && old !== last; old = this.#order.oldest) {
      if (this.#keptBytes <= this.#limitBytes) return;
      this.#drop(old);
    }
  }

  #drop(kept: Kept): void {
    if (this.#kept.get(kept.key) !== kept) return;
    this.#kept.delete(kept.key);
    this.#order.remove(kept);
    this.#keptBytes -= kept.sizeBytes;
  }
}
