import { SyncError, toSyncError } from "../errors.ts";
import { fetchCafs, type FetchCafsOptions, fetchSyncInfo } from "../http/cafs-client.node.ts";
import { peerPermutations } from "../http/peer-permutations.ts";
import type { Share } from "../http/share.ts";
import type { SyncInfo } from "../remotesync/sync-info.ts";
import { type ReconnectOptions, withRetries } from "../session/reconnect.ts";
import { awaitedStore } from "../store/awaited.ts";
import type { Store } from "../store/store.ts";
import { lostUpstream } from "./relay-tree.ts";

export interface CafsRelayOptions extends FetchCafsOptions, ReconnectOptions {
  /** Where chunks are kept; it must not evict. The relay closes it. */
  readonly store: Store;
}

/** A relay of one file that is fetched as CAFS does. */
export interface CafsRelay {
  /** Offers the file at its root. */
  readonly share: Pick<Required<Share>, "openFile" | "close">;
  /** Leaves the upstream; who still waits for chunks gets an error. May be called twice. */
  close(): Promise<void>;
}

interface Reception {
  readonly info: SyncInfo;
  readonly version: string;
}

/**
 * Relays one file: fetches it from its server once, and serves it to everybody who asks, each with a permutation of their own, while it is
 * still coming. It begins when somebody asks.
 */
export function createCafsRelay(url: string, options: CafsRelayOptions): CafsRelay {
  const life = new AbortController();
  const store = awaitedStore(options.store);
  const permutations = peerPermutations();
  const upstream = { ...options, wantsKey: false, signal: life.signal };
  let reception: Promise<Reception> | undefined;
  let fetching: Promise<void> = Promise.resolve();

  async function begin(): Promise<Reception> {
    const { info, etag } = await fetchSyncInfo(url, upstream);
    fetching = receive();
    return { info, version: (etag ?? "").replace(/[^A-Za-z0-9-]/g, "") || "unknown" };
  }

  async function receive(): Promise<void> {
    try {
      await withRetries(async (signs) => {
        signs.heard = true;
        for await (const bytes of fetchCafs(url, store, upstream)) signs.moved ||= bytes.length > 0;
      }, upstream);
    } catch (thrown) {
      store.end(lostUpstream(toSyncError(thrown)));
    }
  }

  async function close(): Promise<void> {
    life.abort(new SyncError("ABORTED", "the relay is closing"));
    await fetching;
    await store.close();
  }

  return {
    share: {
      async openFile({ components }, { peer = "" }) {
        if (components.length > 0) throw new SyncError("NOT_FOUND", "there is no such place");
        reception ??= begin().catch((thrown: unknown) => {
          reception = undefined;
          throw thrown;
        });
        const { info, version } = await reception;
        const order = permutations.of(info.chunks.length, version, peer);
        return {
          info: { chunks: info.chunks, perm: order.perm },
          version: order.version,
          chunk: (id, abort) => store.get(id, abort),
          close: async () => {},
        };
      },
      close,
    },
    close,
  };
}
