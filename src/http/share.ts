import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import type { SyncInfo } from "../remotesync/sync-info.ts";
import type { SharedNames } from "../tree/entry/shared-names.ts";
import type { Layout } from "../tree/entry/entry.ts";
import type { Order } from "../tree/order/order.ts";
import type { TreeSource } from "../tree/source.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { SharePath } from "./share-path.ts";

/** Who asks; what the gate found out about the request. */
export interface ShareOptions extends AbortOptions {
  /** Names the asking peer, for shares that treat peers differently: an address, a token's name. */
  readonly peer?: string;
  /** The relays that the request came through, by their ids; the last one asks. */
  readonly via?: readonly string[];
}

/** What else is known of who asks for a file. */
export interface FileShareOptions extends ShareOptions {
  /**
   * True for the second request of a fetch, which goes on with what the first one got; false unless
   * given.
   */
  readonly goesOn?: boolean;
}

/** What else is known of who asks for a tree, or for a place to put one. */
export interface TreeShareOptions extends ShareOptions {
  /**
   * What is to be done with the tree, of the fields that the share names in `orderFields`. Who asks
   * has been allowed to. Nothing unless given.
   */
  readonly order?: Order;
}

/** A tree that was opened to be sent. Whoever opened it closes the source. */
export interface SharedTree {
  readonly source: TreeSource;
  /** What its top entries are, where the source does not say. */
  readonly layout?: Layout;
  /** How its files are cut, where that was asked for or the source cannot do it in any way. */
  readonly cutter?: CutterSpec;
  /** What its chunks are named by, where that was asked for. */
  readonly digest?: ChunkDigest;
}

/** A file that was opened to be fetched chunk by chunk. */
export interface SharedFile {
  /**
   * Its chunks, in file order, and the permutation that this peer gets. The same for as long as
   * `version` is.
   */
  readonly info: SyncInfo;
  /**
   * Names this state of the file: another content has another version. Letters, digits and hyphens.
   */
  readonly version: string;
  /**
   * A chunk of `info`, verified. Waits for one that is still to come. Throws CHANGED when it is no
   * more.
   */
  chunk(id: ChunkId, options: AbortOptions): Promise<Chunk>;
  /** Several of them at once, as `ChunkSource` has it, where none has to be waited for. */
  chunks?(ids: readonly ChunkId[], options: AbortOptions): Promise<readonly Chunk[]>;
  /** Frees what it holds. May be called twice. */
  close(): Promise<void>;
}

/** A file that was opened to be read as it is. Whoever opened it closes it. */
export interface SharedContent {
  readonly name: string;
  readonly size: number;
  /** Names this state of the file, as that of a `SharedFile` does. */
  readonly version: string;
  /**
   * Reads from the first byte to before the last one, in blocks that stay as they are until the
   * next one is asked for. Ends early where the file does.
   */
  read(from: number, to: number): AsyncIterable<Bytes>;
  close(): Promise<void>;
}

/**
 * What a server offers: a directory, a relay, or anything else that can be asked by path. A method
 * that is absent is something the share does not do (UNSUPPORTED). Each throws NOT_FOUND when
 * nothing is there.
 */
export interface Share {
  /**
   * The fields of an order that it carries out, but for `dryRun`, which `openPreview` is for, and
   * the rate; none unless given. A session that asks for others is refused.
   */
  readonly orderFields?: readonly (keyof Order)[];
  /** Opens what a receiver pulls. */
  openTree?(path: SharePath, options: TreeShareOptions): Promise<SharedTree>;
  /** Opens what a sender pushes to. */
  openTarget?(path: SharePath, options: TreeShareOptions): Promise<TreeTarget>;
  /** Opens the same to tell what a push would do, with a target that changes nothing. */
  openPreview?(path: SharePath, options: TreeShareOptions): Promise<TreeTarget>;
  /** Opens a file for CAFS HTTP. */
  openFile?(path: SharePath, options: FileShareOptions): Promise<SharedFile>;
  /**
   * Lists what is in a directory, from behind a name on whose bytes are given in hex, empty for the
   * start.
   */
  listNames?(path: SharePath, after: string): Promise<SharedNames>;
  /** Opens a file to be read as it is. */
  openContent?(path: SharePath, options: AbortOptions): Promise<SharedContent>;
  /** Frees what the share holds. */
  close?(): Promise<void>;
}
