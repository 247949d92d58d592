import { setMaxListeners } from "node:events";
import { statSync } from "node:fs";
import { basename, extname } from "node:path";
import { blobReader } from "../../casync/blob-reader.ts";
import { indexFileTable } from "../../casync/file-content.node.ts";
import type { ChunkTable } from "../../casync/chunk-table.ts";
import { digestOfIndex } from "../../casync/index-header.ts";
import { getPlaced } from "../../casync/read-blob.ts";
import { abortable } from "../../bytes/abort.ts";
import { override } from "../../bytes/override.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { isSyncError, nothingAt, SyncError, toSyncError, withPath } from "../../errors.ts";
import { blobFileNode, blobTree } from "../../fuse/blob-tree.ts";
import { catarTree } from "../../fuse/catar-tree.ts";
import { rootNode } from "../../fuse/fuse-numbers.ts";
import type { ChunkReader } from "../../store/store.ts";
import { isErrno } from "../../tree/disk/calls/file-trouble.node.ts";
import type { TreeFilter } from "../../tree/filter/tree-filter.ts";
import type { TreeSource } from "../../tree/source.ts";
import type { AbortOptions } from "../../types.ts";
import { storedSource } from "./stored-source.node.ts";

/** What of an index is sent. */
export interface IndexSourceOptions extends AbortOptions {
  /** Leaves out what its rules for senders exclude. */
  readonly filter?: TreeFilter | undefined;
}

/**
 * Opens what an index in a file is of, to be sent: a `.caidx` as its tree, any other as the one
 * file. It has the name of the index without its ending; `tree.caidx/` is what is in the tree. A
 * file has the permissions and the time of its index.
 *
 * @param openStore opens where the chunks are, named by this digest; the source closes it
 * @throws NOT_FOUND, IO, and what index, archive and store throw
 */
export async function openIndexSource(
  place: string,
  openStore: (digest: ChunkDigest) => ChunkReader,
  { filter, signal }: IndexSourceOptions = {},
): Promise<TreeSource> {
  const path = place.replace(/\/+$/, "");
  const index = await openTable(path);
  const opened: ChunkReader[] = [];
  const fetching = new AbortController();
  const life = signal ? AbortSignal.any([signal, fetching.signal]) : fetching.signal;
  setMaxListeners(0, life); // each chunk under way listens, and none is a leak
  const close = async (): Promise<void> => {
    fetching.abort(); // who waited for a chunk does no more
    await Promise.all(opened.map((store) => store.close()));
    index.close();
  };
  try {
    const store = openStore(digestOfIndex(index.header));
    opened.push(store);
    await checkAccess(store, index.table, { signal: life });
    const content = blobReader(
      index.table,
      async (chunk) => (await getPlaced(store, chunk, { signal: life })).bytes,
    );
    const name = Buffer.from(basename(path, extname(path)));
    if (extname(path) === ".caidx") {
      const top = place === path ? { node: rootNode, name } : { node: rootNode };
      return override(storedSource(await catarTree(content), top, filter), { close });
    }
    const { mode, mtimeMs } = statSync(path);
    const tree = blobTree(content, name, mtimeMs, mode & 0o666);
    return override(storedSource(tree, { node: blobFileNode, name }, filter), { close });
  } catch (thrown) {
    await close();
    throw withPath(toSyncError(thrown), path);
  }
}

/** A store that lets nobody in is told once, not for each file. @throws UNAUTHORIZED */
async function checkAccess(store: ChunkReader, table: ChunkTable, options: AbortOptions): Promise<void> {
  if (table.count === 0) return;
  try {
    await abortable(store.has(table.at(0).id, options), options.signal);
  } catch (thrown) {
    options.signal?.throwIfAborted();
    if (isSyncError(thrown, "UNAUTHORIZED")) throw thrown;
  }
}

async function openTable(path: string) {
  try {
    return await indexFileTable(path);
  } catch (thrown) {
    if (isSyncError(thrown, "NOT_FOUND")) throw nothingAt(path, thrown);
    if (isErrno((thrown as Error).cause, "EISDIR"))
      throw new SyncError("IO", "this is a directory, not an index", { cause: thrown, detail: { path } });
    throw withPath(toSyncError(thrown), path);
  }
}
