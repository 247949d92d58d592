import { cutChunks } from "../chunk/cut-chunks.ts";
import { type CasyncSizes, casyncSizes, casyncSpec } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import type { ChunkWriter } from "../store/store.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { blobFeatures } from "./features.ts";
import { chunksUnderWay, inOrder } from "./in-order.ts";
import { withDigest } from "./index-header.ts";
import { writeIndex } from "./index-writer.ts";

export interface MakeIndexOptions extends AbortOptions {
  /** How to cut; the sizes of casync unless given. */
  readonly sizes?: CasyncSizes;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** What the index says of what is kept of a tree; that of a blob unless given. */
  readonly features?: bigint;
  /** Where chunks are left that are not there yet; they are only named unless given. */
  readonly store?: ChunkWriter;
  /** Chunks on their way to the store at a time; 128, and no more than 8 MiB take, unless given. */
  readonly jobCount?: number;
  /** Called behind each chunk with the bytes so far. */
  readonly onProgress?: (doneBytes: number) => void;
}

/**
 * Cuts content as casync does and yields its index. All chunks are in the store when the index
 * ends.
 *
 * @throws UNSUPPORTED for sizes that cannot be cut by
 */
export async function* makeIndex(
  content: AsyncIterable<Bytes>,
  options: MakeIndexOptions = {},
): AsyncGenerator<Bytes> {
  const { sizes = casyncSizes, digest = sha512_256Digest, features = blobFeatures, store } = options;
  const { jobCount, onProgress, signal } = options;
  const chunks = cutChunks(content, casyncSpec(sizes), { digest, ...(signal && { signal }) });
  let doneBytes = 0;
  const stored = inOrder(
    chunks,
    chunksUnderWay(jobCount, ({ bytes }) => bytes.length),
    async (chunk) => {
      await store?.put(chunk, signal && { signal });
      doneBytes += chunk.bytes.length;
      onProgress?.(doneBytes);
      return { id: chunk.id, size: chunk.bytes.length };
    },
  );
  yield* writeIndex({ features: withDigest(features, digest), sizes }, stored);
}
