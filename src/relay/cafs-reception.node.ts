import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import {
  fetchContent,
  type FetchCafsOptions,
  type FetchedSyncInfo,
  refetchSyncInfo,
} from "../http/cafs-client.node.ts";
import { equalChunks } from "../remotesync/sync-info.ts";
import { type AttemptSigns, type ReconnectOptions, withRetries } from "../session/reconnect.ts";
import { type AwaitedStore, awaitedStore } from "../store/awaited.ts";
import type { Store } from "../store/store.ts";
import type { AbortOptions } from "../types.ts";
import { contentVersion } from "./content-version.ts";
import { upstreamFailure } from "./upstream-failure.ts";

/**
 * One content of the upstream's file on its way through: received once, for as many as ask for it.
 */
export class CafsReception {
  /** Names the content. */
  readonly version: string;
  /** Resolves when nothing more comes; never rejects. */
  readonly done: Promise<void>;
  readonly #url: string;
  readonly #options: FetchCafsOptions & ReconnectOptions;
  readonly #chunks: AwaitedStore;
  /** What the upstream said last; always of this content. */
  #known: FetchedSyncInfo;
  #state: "coming" | "complete" | "over" = "coming";

  /** @param store outlives the reception, which does not close it */
  constructor(
    url: string,
    known: FetchedSyncInfo,
    store: Store,
    options: FetchCafsOptions & ReconnectOptions,
  ) {
    this.#url = url;
    this.#known = known;
    this.#chunks = awaitedStore(store);
    this.#options = options;
    this.version = contentVersion(known.info.chunks);
    this.done = this.#receive();
  }

  /** "over" when somebody who asks has to begin with another one. */
  get state(): "coming" | "complete" | "over" {
    return this.#state;
  }

  /** What the upstream said last of this content. */
  get known(): FetchedSyncInfo {
    return this.#known;
  }

  /** True when this is what the upstream has by now. */
  confirm(said: FetchedSyncInfo): boolean {
    const same = said === this.#known || equalChunks(said.info.chunks, this.#known.info.chunks);
    if (same) this.#known = said;
    return same;
  }

  /** A chunk of it, once it is here. @throws why it will not be, the signal's reason */
  async chunk(id: ChunkId, options: AbortOptions): Promise<Chunk> {
    try {
      return await this.#chunks.get(id, options);
    } catch (thrown) {
      if (isSyncError(thrown, "CHUNK_MISSING") || isSyncError(thrown, "CORRUPT")) this.#state = "over";
      throw thrown;
    }
  }

  async #receive(): Promise<void> {
    try {
      let isFirst = true;
      await withRetries(async (signs) => {
        signs.heard = true;
        if (!isFirst) await this.#compare();
        isFirst = false;
        await this.#attempt(signs);
      }, this.#options);
      this.#state = "complete";
      this.#chunks.end(new SyncError("CHUNK_MISSING", "the relay has lost a chunk that it had"));
    } catch (thrown) {
      this.#state = "over";
      this.#chunks.end(upstreamFailure(toSyncError(thrown), true));
    }
  }

  /**
   * Fetches what is missing. Whatever goes wrong, the first thing to find out is whether the file
   * is still the same.
   */
  async #attempt(signs: AttemptSigns): Promise<void> {
    const store: Pick<Store, "get" | "put" | "pin"> = {
      get: (id, options) => this.#chunks.get(id, options),
      pin: (id, options) => this.#chunks.pin(id, options),
      put(chunk, options) {
        signs.moved = true;
        return chunks.put(chunk, options);
      },
    };
    const chunks = this.#chunks;
    try {
      for await (const _ of fetchContent(this.#url, this.#known, store, this.#options));
    } catch (thrown) {
      this.#options.signal?.throwIfAborted();
      await this.#compare();
      // A server that was started anew takes the same file for another one.
      throw isSyncError(thrown, "CHANGED")
        ? new SyncError("PEER_GONE", thrown.message, { cause: thrown })
        : thrown;
    }
  }

  /**
   * @throws CHANGED when the upstream has another content by now, and what keeps it from saying so
   */
  async #compare(): Promise<void> {
    const said = await refetchSyncInfo(this.#url, this.#known, this.#options);
    if (!this.confirm(said)) throw new SyncError("CHANGED", "the file changed upstream while it was relayed");
  }
}
