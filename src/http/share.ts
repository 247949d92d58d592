import type { SyncInfo } from "../remotesync/sync-info.ts";
import type { ChunkId, Chunk } from "../chunk/chunk.ts";
import type { Layout, TreeSource, TreeTarget } from "../tree/tree.ts";
import type { AbortOptions, Bytes } from "../types.ts";

/**
 * A place in a share: the components of the path that a peer named, each checked already (1 to 255 bytes, not
 * `.` or `..`, without 0x00 and 0x2f), none for the share itself.
 */
export interface SharePath {
  readonly components: readonly Bytes[];
  /** True when the path ended in `/`: what is in the directory is meant, not the directory. */
  readonly contents: boolean;
}

/** Who asks; what the gate found out about the request. */
export interface ShareOptions extends AbortOptions {
  /** Names the asking peer, for shares that treat peers differently: an address, a token's name. */
  readonly peer?: string;
}

/** A tree that was opened to be sent. The session closes the source. */
export interface SharedTree {
  readonly source: TreeSource;
  readonly layout: Layout;
}

/** A file that was opened to be fetched chunk by chunk. */
export interface SharedFile {
  /** Its chunks, in file order, and the permutation that this peer gets. The same for as long as `version` is. */
  readonly info: SyncInfo;
  /** Names this state of the file: another content has another version. Visible ASCII without quotes. */
  readonly version: string;
  /** A chunk of `info`, verified. Waits for one that is still to come. Throws CHANGED when it is no more. */
  chunk(id: ChunkId, index: number, options: AbortOptions): Promise<Chunk>;
  /** Frees what it holds. May be called twice. */
  close(): Promise<void>;
}

/**
 * What a server offers: a directory, a relay, or anything else that can be asked by path. A method that is
 * absent is something the share does not do (UNSUPPORTED). Each throws NOT_FOUND when nothing is there.
 */
export interface Share {
  /** Opens what a receiver pulls. */
  openTree?(path: SharePath, options: ShareOptions): Promise<SharedTree>;
  /** Opens what a sender pushes to. */
  openTarget?(path: SharePath, options: ShareOptions): Promise<TreeTarget>;
  /** Opens a file for CAFS HTTP. */
  openFile?(path: SharePath, options: ShareOptions): Promise<SharedFile>;
}
