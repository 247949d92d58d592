import { createHmac, randomBytes } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { toSyncError } from "../errors.ts";
import { type Permutation, randomPermutation } from "../remotesync/permutation.ts";
import type { Bytes } from "../types.ts";
import { FileCuts } from "./file-cuts.node.ts";
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

/** Elements of a permutation, as many as the Go program uses. */
const permutationCount = 256;

/** A share of single files, which has no names for them. */
export function fileShare(): FileShare {
  const cuts = new FileCuts();
  const secret = randomBytes(32);
  return {
    async open(handle, options) {
      try {
        const cut = await cuts.of(handle.fd, options);
        // Drawn anew for each peer and state of a file, yet the same for the two requests of one fetch.
        const seed = mac(secret, `${cut.version}|${options.peer ?? ""}`);
        const perm = permutationOf(seed, Math.min(permutationCount, cut.chunks.length));
        return {
          info: { chunks: cut.chunks, perm },
          version: seed.toString("hex", 0, 16),
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

function permutationOf(seed: Bytes, count: number): Permutation {
  let counter = 0;
  let pool: Buffer = Buffer.alloc(0);
  return randomPermutation(count, (limit) => {
    if (pool.length < 4) pool = mac(seed, `${counter++}`);
    const drawn = pool.readUInt32BE();
    pool = pool.subarray(4);
    return Math.floor((drawn / 2 ** 32) * limit);
  });
}

function mac(key: Bytes, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
