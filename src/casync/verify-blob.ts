import { ExactReader } from "../bytes/exact-reader.ts";
import { toHex } from "../bytes/hex.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, isSyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { digestOfIndex } from "./index-header.ts";
import type { IndexReading } from "./index-reader.ts";

export interface VerifyBlobOptions extends AbortOptions {
  /** Called behind each chunk with the bytes so far. */
  readonly onProgress?: (doneBytes: number) => void;
  /** True to let more content follow, as behind an image on a device. */
  readonly allowsMore?: boolean;
}

/**
 * Reads content to see whether it is what an index says; returns its length.
 *
 * @throws CORRUPT that tells the first place which is not, TRUNCATED for content that is too short,
 *   and what the index throws
 */
export async function verifyBlob(
  index: IndexReading,
  content: AsyncIterable<Bytes>,
  options: VerifyBlobOptions = {},
): Promise<number> {
  const { signal, onProgress, allowsMore = false } = options;
  const digest = digestOfIndex(index);
  const reader = new ExactReader(content);
  let doneBytes = 0;
  try {
    for await (const chunks of index.chunks) {
      for (const { id, offset, size } of chunks) {
        signal?.throwIfAborted();
        try {
          verifyChunk(id, await reader.read(size), digest);
        } catch (cause) {
          if (isSyncError(cause, "TRUNCATED"))
            throw new SyncError("TRUNCATED", "the content ends before what the index has", { cause });
          if (!isSyncError(cause, "UNEXPECTED_CHUNK")) throw cause;
          throw new SyncError("CORRUPT", `the content is not chunk ${toHex(id)} of the index`, {
            cause,
            detail: { offset },
          });
        }
        doneBytes += size;
        onProgress?.(doneBytes);
      }
    }
    if (!allowsMore && (await reader.readUpTo(1)).length > 0)
      throw new SyncError("CORRUPT", "the content goes on behind what the index has", {
        detail: { offset: doneBytes },
      });
    return doneBytes;
  } finally {
    await reader.close();
    await index.close();
  }
}
