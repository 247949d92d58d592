import { basename, extname } from "node:path";
import { type AnyContent, blobReader } from "../../casync/blob-reader.ts";
import { type ChunkTable, openChunkTable } from "../../casync/chunk-table.ts";
import { copyOnRead, type CopyOnRead, type CopyOnReadOptions } from "../../casync/copy-on-read.node.ts";
import type { FetchChunk } from "../../casync/decoded-chunks.ts";
import { fileContent, indexFileTable } from "../../casync/file-content.node.ts";
import { digestOfIndex, type IndexHeader } from "../../casync/index-header.ts";
import { getPlaced } from "../../casync/read-blob.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { toHex } from "../../bytes/hex.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import { blobTree } from "../../fuse/blob-tree.ts";
import { catarTree } from "../../fuse/catar-tree.ts";
import type { FuseTree } from "../../fuse/fuse-tree.ts";
import { mountTree, type MountTreeOptions } from "../../fuse/mount-tree.node.ts";
import type { ChunkReader } from "../../store/store.ts";
import { type IndexFileOptions, openIndex } from "./index-file.ts";

/** The store of a mount, opened when the digest of its index is known. */
export interface MountedStore {
  /** What it is called when a chunk cannot be read from it. */
  readonly name: string;
  open(digest: ChunkDigest): ChunkReader;
}

export interface MountIndexOptions extends MountTreeOptions, Pick<IndexFileOptions, "opening"> {
  /** Chunks that are made ready at a time. */
  readonly jobCount?: number;
  /** A file that fills with the chunks that were read. */
  readonly copy?: CopyOnReadOptions & { readonly path: string };
  /** Called with what fills, once it is open. */
  readonly onCopy?: (copy: CopyOnRead) => void;
}

/** An index in any order, and what is to be closed behind it. */
interface OpenTable {
  readonly header: IndexHeader;
  readonly table: ChunkTable;
  close(): void;
}

/**
 * Mounts what is at a place: an archive or the index of one as a tree, the index of a blob as a
 * directory with one file in it. Resolves when it is unmounted.
 *
 * @throws NOT_FOUND, USAGE, UNSUPPORTED, IO, and what index, archive and store throw
 */
export async function mountIndex(
  place: string,
  dir: string,
  store: MountedStore,
  options: MountIndexOptions,
): Promise<void> {
  const onTrouble = tellingOnce(options.onTrouble);
  const mount = (tree: FuseTree): Promise<void> =>
    mountTree(tree, dir, { name: place, ...options, onTrouble });
  if (extname(place) === ".catar") {
    const content = fileContent(place);
    try {
      return await mount(await treeOf(content, place));
    } finally {
      content.close();
    }
  }
  const index = await openTable(place, options);
  try {
    const digest = digestOfIndex(index.header);
    await using chunks = store.open(digest);
    const fetch = fetchFrom(chunks, store.name, options);
    const copy = options.copy && copyOnRead(options.copy.path, index.table, digest, fetch, options.copy);
    try {
      const content = blobReader(index.table, copy?.fetch ?? fetch, {
        ...options,
        ...(copy && { onRead: copy.keep }),
      });
      const tree = await treeOf(content, place);
      if (copy) options.onCopy?.(copy);
      copy?.fill().catch((thrown: unknown) => onTrouble(toSyncError(thrown)));
      await mount(tree);
      copy?.saveState();
    } finally {
      copy?.close();
    }
  } finally {
    index.close();
  }
}

async function openTable(place: string, { opening, signal }: MountIndexOptions): Promise<OpenTable> {
  if (statsAt(place)?.isFile() === true) {
    try {
      return await indexFileTable(place);
    } catch (thrown) {
      throw withPath(toSyncError(thrown), place);
    }
  }
  const index = await openIndex(place, { ...(signal && { signal }), ...(opening && { opening }) });
  return { header: index, table: await openChunkTable(index), close: () => {} };
}

async function treeOf(content: AnyContent, place: string): Promise<FuseTree> {
  const extension = extname(place);
  if (extension !== ".caidx" && extension !== ".catar")
    return blobTree(content, Buffer.from(basename(place, extension)), Date.now());
  try {
    return await catarTree(content);
  } catch (thrown) {
    throw withPath(toSyncError(thrown), place);
  }
}

/** Troubles that are remembered. */
const mostTold = 10_000;

/**
 * Fetches from a store. Who reads a mounted file is told of an error of input and output alone;
 * this one names chunk and store.
 */
function fetchFrom(store: ChunkReader, name: string, { signal }: MountIndexOptions): FetchChunk {
  return async (chunk) => {
    try {
      return (await getPlaced(store, chunk, signal && { signal })).bytes;
    } catch (thrown) {
      const { cause, code, detail, message } = toSyncError(thrown);
      const id = toHex(chunk.id);
      const told = message.includes(id) ? message : `chunk ${id}: ${message}`;
      throw new SyncError(code, told, { cause, detail: { ...detail, path: detail.path ?? name } });
    }
  };
}

/** Tells each trouble once: who cannot read asks again and again. */
function tellingOnce(tell: ((error: SyncError) => void) | undefined): (error: SyncError) => void {
  const told = new Set<string>();
  return (error) => {
    if (told.has(error.message)) return;
    if (told.size >= mostTold) told.clear();
    told.add(error.message);
    tell?.(error);
  };
}
