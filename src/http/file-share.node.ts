import type { FileHandle } from "node:fs/promises";
import { copyOfChunk } from "../chunk/verify.ts";
import { isSyncError, toSyncError } from "../errors.ts";
import type { SyncInfoLimits } from "../remotesync/sync-info.ts";
import { ChunkReader } from "../tree/disk/source/chunk-reader.node.ts";
import { FileCuts } from "./file-cuts.node.ts";
import { peerPermutations } from "./peer-permutations.ts";
import type { SharedFile, ShareOptions } from "./share.ts";

/** Makes files on disk ready to be fetched chunk by chunk, and remembers how they were cut. */
export interface FileShare {
  /**
   * Cuts a file, unless it is remembered from the last time.
   *
   * @param handle it belongs to the file that is returned, which closes it; also when this throws
   * @throws LIMIT for a file of too many chunks; CHANGED when it changes meanwhile; IO; the
   *   signal's reason
   */
  open(handle: FileHandle, options: ShareOptions): Promise<SharedFile>;
}

/** How files are shared. */
export type FileCutOptions = Pick<SyncInfoLimits, "maxChunkCount">;

/** A share of single files, which has no names for them. */
export function fileShare({ maxChunkCount }: FileCutOptions = {}): FileShare {
  const cuts = new FileCuts(maxChunkCount);
  const permutations = peerPermutations();
  return {
    async open(handle, options) {
      try {
        const { version, places } = await cuts.of(handle.fd, options);
        const order = permutations.of(places.chunks.length, version, options.peer ?? "");
        const reader = new ChunkReader(handle.fd, places);
        const chunks: SharedFile["chunks"] = async (ids, { signal }) => {
          signal?.throwIfAborted();
          try {
            return reader.read(ids);
          } catch (thrown) {
            if (isSyncError(thrown, "CHANGED")) cuts.forget(version);
            throw toSyncError(thrown, "IO");
          }
        };
        return {
          info: { chunks: places.chunks, perm: order.perm },
          version: order.version,
          chunk: async (id, abort) => copyOfChunk((await chunks([id], abort))[0]!),
          chunks,
          close: () => handle.close(),
        };
      } catch (thrown) {
        await handle.close().catch(() => {});
        options.signal?.throwIfAborted();
        throw toSyncError(thrown, "IO");
      }
    },
  };
}
