import { abortable } from "../bytes/abort.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { keyOf } from "../chunk/id-key.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { type FetchCafsOptions, refetchSyncInfo } from "../http/cafs-client.node.ts";
import { peerPermutations } from "../http/peer-permutations.ts";
import type { Share } from "../http/share.ts";
import type { ReconnectOptions } from "../session/reconnect.ts";
import type { Store } from "../store/store.ts";
import { CafsReception } from "./cafs-reception.node.ts";
import { relayLimits } from "./relay-limits.ts";
import { checkRoute, randomRelayId } from "./relay-route.ts";
import { trimStore } from "./trim-store.ts";
import { upstreamFailure } from "./upstream-failure.ts";

/** Where a relay of one file fetches it, and what it keeps. */
export interface CafsRelayOptions extends FetchCafsOptions, ReconnectOptions {
  /** Where chunks are kept; it must not evict. The relay closes it. */
  readonly store: Store;
  /**
   * Bytes of chunks in the store beyond which those of earlier contents are removed; 16 GiB unless
   * given.
   */
  readonly storeBytes?: number;
  /** Names this relay among others on the way; random unless given. */
  readonly id?: string;
}

/** A relay of one file that is fetched as CAFS does. */
export interface CafsRelay {
  /** Offers the file at its root. */
  readonly share: Pick<Required<Share>, "openFile" | "close">;
  /** Leaves the upstream; who still waits for chunks gets an error. May be called twice. */
  close(): Promise<void>;
}

/**
 * Relays one file: fetches it from its server once, and serves it to everybody who asks, each with
 * a permutation of their own, while it is still coming. It begins when somebody asks. Who asks when
 * nothing is coming gets what is upstream then: the server is asked whether that is still what is
 * here.
 */
export function createCafsRelay(url: string, options: CafsRelayOptions): CafsRelay {
  const { store, storeBytes = relayLimits.storedBytes, id = randomRelayId() } = options;
  const life = new AbortController();
  const permutations = peerPermutations();
  let reception: CafsReception | undefined;
  /** How many read contents that may not be the latest any more. */
  const readers = new Map<CafsReception, number>();
  /** Under way for all who ask meanwhile. */
  let looking: Promise<CafsReception> | undefined;
  /** Resolves when nothing more comes, and what is left over is removed. */
  let trimmed: Promise<void> | undefined;
  let closed: Promise<void> | undefined;

  async function look(via: readonly string[]): Promise<CafsReception> {
    const headers = { ...options.headers, "Rsync-Stream-Via": [...via, id].join(", ") };
    const upstream = { ...options, headers, wantsKey: false, signal: life.signal };
    const here = reception?.state === "complete" ? reception : undefined;
    try {
      const said = await refetchSyncInfo(url, here?.known, upstream);
      if (here?.state !== "complete" || !here.confirm(said))
        begin(new CafsReception(url, said, store, upstream));
      return reception!;
    } catch (thrown) {
      throw upstreamFailure(toSyncError(thrown), false);
    } finally {
      looking = undefined;
    }
  }

  function begin(begun: CafsReception): void {
    reception = begun;
    trimmed = begun.done.then(() => (begun === reception ? trim(begun) : undefined));
  }

  /** Removes chunks of earlier contents. Those that a fetch counts on are pinned, and stay. */
  async function trim({ known }: CafsReception): Promise<void> {
    const infos = [known, ...[...readers.keys()].map((read) => read.known)];
    const needed = new Set(infos.flatMap(({ info }) => info.chunks.map(({ id: chunk }) => keyOf(chunk))));
    const remove = (chunk: ChunkId): Promise<void> => store.delete(chunk).catch(() => {});
    const isNeeded = (key: string): boolean => needed.has(key);
    const trimming = { limitBytes: storeBytes, isNeeded, known: new Map(), remove, signal: life.signal };
    await trimStore(store, trimming).catch(() => {}); // it changes nothing else
  }

  /** Counts one more that reads. Returns what ends that, and is called once. */
  function enter(received: CafsReception): () => Promise<void> {
    readers.set(received, (readers.get(received) ?? 0) + 1);
    return async () => {
      const left = readers.get(received)! - 1;
      if (left > 0) readers.set(received, left);
      else readers.delete(received);
    };
  }

  /** The file as it is upstream; for the second request of a fetch as it was at the first. */
  async function current(asksAnew: boolean, via: readonly string[]): Promise<CafsReception> {
    if (closed) throw new SyncError("STATE", "the relay is closed");
    checkRoute(id, via);
    if (reception?.state === "coming") return reception;
    if (reception?.state === "complete" && !asksAnew) return reception;
    looking ??= look(via);
    return looking;
  }

  async function close(): Promise<void> {
    life.abort(new SyncError("ABORTED", "the relay is closing"));
    await looking?.catch(() => {});
    await trimmed;
    await store.close();
  }

  const relay: CafsRelay = {
    share: {
      async openFile({ components }, { peer = "", via = [], signal, goesOn = false }) {
        if (components.length > 0) throw new SyncError("NOT_FOUND", "there is no such place");
        const received = await abortable(current(!goesOn, via), signal);
        const { chunks } = received.known.info;
        const { perm, version } = permutations.of(chunks.length, received.version, peer);
        return {
          info: { chunks, perm },
          version,
          chunk: (chunkId, abort) => received.chunk(chunkId, abort),
          close: enter(received),
        };
      },
      close: () => relay.close(),
    },
    close: () => (closed ??= close()),
  };
  return relay;
}
