import { abortable, abortableSource } from "../../bytes/abort.ts";
import { concatBytes } from "../../bytes/compare.ts";
import { nodeDigests } from "../../chunk/blake3.node.ts";
import { sha512_256Digest } from "../../chunk/sha512-256.ts";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import type { FuseTree } from "../../fuse/fuse-tree.ts";
import type { TreeFilter } from "../../tree/filter/tree-filter.ts";
import type { TreeSource } from "../../tree/source.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { PartedContent } from "../parted-content.ts";
import { listStored, type StoredFile, type StoredTop } from "./stored-listing.ts";

/** How the content of a tree in a store is read. */
export const storedReadLimits = Object.freeze({
  /** Bytes of a file that are read at a time. */
  storedPartBytes: 4_194_304,
  /** Such parts that are under way at a time, and bytes of them, unless it is one. */
  storedPartCount: 32,
  storedAheadBytes: 16_777_216,
});

/**
 * What an archive or an index is of, as what is sent: directories, files and links with their
 * modes and times. Only chunks of what is asked for are fetched.
 */
export function storedSource(
  tree: FuseTree,
  top: StoredTop,
  filter: TreeFilter | undefined,
): TreeSource<StoredFile> {
  const { storedPartBytes, storedPartCount, storedAheadBytes } = storedReadLimits;
  const read = (file: StoredFile, offset: number, size: number, options: AbortOptions): Promise<Bytes> =>
    readStored(tree, file, offset, size, options);
  const content = new PartedContent<StoredFile>({
    partBytes: storedPartBytes,
    partCount: storedPartCount,
    aheadBytes: storedAheadBytes,
    read,
  });
  return {
    layout: top.name === undefined ? "contents" : "named",
    digests: [...nodeDigests, sha512_256Digest],
    takesAnyDigest: true,
    entries: ({ signal }) => abortableSource(listStored(tree, top, filter), signal),
    cut: (files, spec, options) => content.cut(files, spec, options),
    scan: (files, room, visitor, options) => content.scan(files, room, visitor, options),
    read,
    close: async () => {}, // the tree is the caller's
  };
}

/** @throws CHANGED where the archive holds less of it, and what the tree throws */
async function readStored(
  tree: FuseTree,
  { node, path }: StoredFile,
  offset: number,
  size: number,
  { signal }: AbortOptions,
): Promise<Bytes> {
  signal?.throwIfAborted();
  try {
    const bytes = concatBytes(await abortable(tree.read(node, offset, size), signal));
    if (bytes.length === size) return bytes;
    throw new SyncError("CHANGED", "the content ends before its time");
  } catch (thrown) {
    signal?.throwIfAborted();
    throw withPath(toSyncError(thrown, "IO"), path);
  }
}
