import { SyncError } from "../errors.ts";
import { formatSharePath, type SharePath } from "../http/share-path.ts";
import { peerPermutations } from "../http/peer-permutations.ts";
import type {
  FileShareOptions,
  Share,
  SharedContent,
  SharedFile,
  SharedTree,
  ShareOptions,
} from "../http/share.ts";
import type { Store } from "../store/store.ts";
import type { SharedNames } from "../tree/entry/shared-names.ts";
import type { AbortOptions, Duplex } from "../types.ts";
import { RelayChunks } from "./relay-chunks.ts";
import { relayLimits } from "./relay-limits.ts";
import { checkRoute, randomRelayId } from "./relay-route.ts";
import type { TreeRecord } from "./record.ts";
import { RelayTree, type UpstreamOptions } from "./relay-tree.ts";
import { openRelayedContent, openRelayedFile } from "./relayed-file.ts";
import { listRelayedNames } from "./relayed-names.ts";

const wholePath: SharePath = { components: [], contents: true };

/** What a relay asks its upstream for. */
export interface UpstreamRequest extends AbortOptions {
  /** The place, as a downstream asked for it; the relay's own root for the whole. */
  readonly path: SharePath;
  /** The relays on the way, ours last: to be sent as `Rsync-Stream-Via`. */
  readonly via: readonly string[];
}

/** Where a relay receives from, and what it keeps. */
export interface RelayOptions extends UpstreamOptions {
  /**
   * Connects to the upstream, which sends. Called when somebody asks, and again when the connection
   * breaks.
   */
  readonly connect: (request: UpstreamRequest) => Promise<Duplex>;
  /** Where chunks are kept while the relay lives; it must not evict. The relay closes it. */
  readonly store: Store;
  /**
   * Bytes of chunks in the store beyond which those that no tree lists any more are removed; 16 GiB
   * unless given.
   */
  readonly storeBytes?: number;
  /** Names this relay among others on the way; random unless given. */
  readonly id?: string;
}

/** Where a relay stands. */
export interface RelayStatus {
  /** Trees that are on their way or kept. */
  readonly treeCount: number;
  /** Downstreams that are being served. */
  readonly readerCount: number;
  /** Bytes of content that came from the upstream. */
  readonly receivedBytes: number;
}

/** A receiver that is a sender at the same time. */
export interface Relay {
  /**
   * What it offers to downstreams, its trees and each file of the whole one: give it to
   * `createServer`, or open them yourself.
   */
  readonly share: Pick<Required<Share>, "openTree" | "openFile" | "openContent" | "listNames" | "close"> &
    Share;
  /** Names this relay among others on the way. */
  readonly id: string;
  readonly status: RelayStatus;
  /** Leaves the upstream; downstreams end with an error. May be called twice. */
  close(): Promise<void>;
}

/**
 * Relays trees: each is received once from the upstream, and sent to every downstream that asks
 * while it is still coming (docs/relay.md). What is asked for by itself is received by a session of
 * its own, before the rest; content travels once all the same.
 *
 * A downstream waits for its own pace only. Memory: about 750 bytes a file and 300 a chunk of each
 * tree; content is in `store`.
 */
export function createRelay(options: RelayOptions): Relay {
  const { id = randomRelayId(), storeBytes = relayLimits.storedBytes } = options;
  const chunks = new RelayChunks(options.store);
  const trees = new Map<string, RelayTree>();
  const permutations = peerPermutations();
  let closed: Promise<void> | undefined;

  function treeAt(path: SharePath, via: readonly string[], goesOn = false): RelayTree {
    if (closed) throw new SyncError("STATE", "the relay is closed");
    checkRoute(id, via);
    const name = formatSharePath(path);
    const known = trees.get(name);
    if (known && !known.isOver(goesOn)) return known;
    trees.delete(name);
    makeRoom(trees);
    const connect = ({ signal }: AbortOptions): Promise<Duplex> =>
      options.connect({ path, via: [...via, id], ...(signal && { signal }) });
    const tree = new RelayTree(connect, chunks, options);
    trees.set(name, tree);
    void tree.done.then(trim);
    return tree;
  }

  /** Removes content that no tree has any more. */
  function trim(): Promise<void> {
    const entries = [...trees.values()].flatMap(({ record }) => record.entries);
    return chunks.trim(
      storeBytes,
      entries.map(({ chunks: list }) => list),
    );
  }

  async function openTree(path: SharePath, { signal, via = [] }: ShareOptions): Promise<SharedTree> {
    const tree = treeAt(path, via);
    const source = tree.join();
    try {
      return { source, ...(await tree.begun(signal ? { signal } : {})) };
    } catch (thrown) {
      await source.close().catch(() => {});
      throw thrown;
    }
  }

  /** Opens something of the whole tree, which counts as read until that is closed. */
  async function openPart<Part>(
    tree: RelayTree,
    open: (record: TreeRecord, close: () => Promise<void>) => Promise<Part>,
  ): Promise<Part> {
    const leave = tree.enter();
    try {
      return await open(tree.record, async () => leave());
    } catch (thrown) {
      leave();
      throw thrown;
    }
  }

  function openFile(path: SharePath, options: FileShareOptions): Promise<SharedFile> {
    const tree = treeAt(wholePath, options.via ?? [], options.goesOn);
    return openPart(tree, (record, leave) =>
      openRelayedFile(record, chunks, path, permutations, leave, options),
    );
  }

  function openContent(path: SharePath, options: AbortOptions): Promise<SharedContent> {
    return openPart(treeAt(wholePath, []), (record, leave) =>
      openRelayedContent(record, chunks, path, leave, options),
    );
  }

  async function listNames(path: SharePath, after: string): Promise<SharedNames> {
    const tree = treeAt(wholePath, [], after !== "");
    const leave = tree.enter();
    try {
      return await listRelayedNames(tree.record, path, after, {});
    } finally {
      leave();
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...trees.values()].map((tree) => tree.close()));
    await chunks.close();
  }

  const relay: Relay = {
    id,
    share: { openTree, openFile, openContent, listNames, close: () => relay.close() },
    get status() {
      const counts = [...trees.values()].map(({ readerCount }) => readerCount);
      return {
        treeCount: trees.size,
        readerCount: counts.reduce((sum, count) => sum + count, 0),
        receivedBytes: chunks.receivedBytes,
      };
    },
    close: () => (closed ??= close()),
  };
  return relay;
}

/** Lets go of a tree that nobody reads. @throws LIMIT when all are read */
function makeRoom(trees: Map<string, RelayTree>): void {
  const limit = relayLimits.relayedTreeCount;
  if (trees.size < limit) return;
  for (const [name, tree] of trees) {
    if (tree.readerCount > 0) continue;
    trees.delete(name);
    void tree.close();
    return;
  }
  throw new SyncError("LIMIT", `more than ${limit} trees are asked for`, { detail: { limit } });
}
