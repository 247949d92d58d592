import type { FileHandle } from "node:fs/promises";
import { toSyncError } from "../errors.ts";
import type { SyncInfoLimits } from "../remotesync/sync-info.ts";
import { FileCuts } from "./file-cuts.node.ts";
import { peerPermutations } from "./peer-permutations.ts";
import type { SharedFile, ShareOptions } from "./share.ts";

/** Makes files on disk ready to be fetched chunk by chunk, and remembers how they were cut. */
export interface FileShare {
  /**
   * Cuts a file, unless it is remembered from the last time.
   *
   * @param handle it belongs to the file that is returned, which closes it; also when this throws
   * @throws LIMIT for a file of too many chunks; CHANGED when it changes meanwhile; IO; the signal's reason
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
        const cut = await cuts.of(handle.fd, options);
        const { perm, version } = permutations.of(cut.chunks.length, cut.version, options.peer ?? "");
        return {
          info: { chunks: cut.chunks, perm },
          version,
          async chunk(id, { signal }) {
            signal?.throwIfAborted();
            try {
              return cuts.read(handle.fd, cut, id);
            } catch (thrown) {
              throw toSyncError(thrown, "IO");
            }
          },
          close: () => handle.close(),
        };
      } catch (thrown) {
        await handle.close();
        options.signal?.throwIfAborted();
        throw toSyncError(thrown, "IO");
      }
    },
  };
}
