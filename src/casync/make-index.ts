import type { Chunk, ChunkInfo } from "../chunk/chunk.ts";
import { type BlockNamer, cutBlocks } from "../chunk/cut-blocks.ts";
import { cutChunks } from "../chunk/cut-chunks.ts";
import { type CasyncSizes, casyncSizes, casyncSpec } from "../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { copyOfChunk } from "../chunk/verify.ts";
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
  /** Names the chunks by that digest, beside the cutting; it is done in turn unless given. */
  readonly namer?: BlockNamer;
  /** What the index says of what is kept of a tree; that of a blob unless given. */
  readonly features?: bigint;
  /** Where chunks are left that are not there yet; they are only named unless given. */
  readonly store?: ChunkWriter;
  /** Chunks on their way to the store at a time; 192, and up to 12 MiB of them, unless given. */
  readonly jobCount?: number;
  /** Called behind each chunk with the bytes so far. */
  readonly onProgress?: (doneBytes: number) => void;
}

/** A chunk of the index, and all of it where the store may lack it. */
interface CutChunk extends ChunkInfo {
  readonly chunk?: Chunk;
}

/**
 * Cuts content as casync does and yields its index. All chunks are in the store when the index
 * ends. A block of the content is not looked at any more when the next one is asked for.
 *
 * @throws UNSUPPORTED for sizes that cannot be cut by
 */
export async function* makeIndex(
  content: AsyncIterable<Bytes>,
  options: MakeIndexOptions = {},
): AsyncGenerator<Bytes> {
  const { sizes = casyncSizes, digest = sha512_256Digest, features = blobFeatures, store } = options;
  const { jobCount, namer, onProgress, signal } = options;
  const abort = signal ? { signal } : {};
  const spec = casyncSpec(sizes);
  const missing = new MissingShare();
  const cut = namer
    ? cutBlocks(content, spec, namer, { isBusy: () => missing.isMuch, ...abort })
    : cutChunks(content, spec, { digest, lends: true, ...abort });
  const chunks = keepMissing(cut, store, missing);
  let doneBytes = 0;
  const stored = inOrder(
    chunks,
    chunksUnderWay(jobCount, ({ chunk }) => chunk?.bytes.length ?? 0),
    async ({ id, size, chunk }) => {
      if (chunk) await store?.put(chunk, abort);
      doneBytes += size;
      onProgress?.(doneBytes);
      return { id, size };
    },
  );
  yield* writeIndex({ features: withDigest(features, digest), sizes }, stored);
}

/** Of lent chunks only those that the store is not known to have are copied. */
async function* keepMissing(
  chunks: AsyncIterable<Chunk>,
  store: ChunkWriter | undefined,
  missing: MissingShare,
): AsyncGenerator<CutChunk> {
  for await (const chunk of chunks) {
    const isNeeded = store !== undefined && store.renewNow?.(chunk.id) !== true;
    missing.note(isNeeded);
    yield { id: chunk.id, size: chunk.bytes.length, ...(isNeeded && { chunk: copyOfChunk(chunk) }) };
  }
}

/** Chunks that came last, about, of which it is told how many the store lacks. */
const lastCount = 100;
/** Of so large a share to compress and write them keeps a processor busy. */
const muchShare = 0.2;

/** What share of the chunks that came last the store lacks. */
class MissingShare {
  #share = 0;

  get isMuch(): boolean {
    return this.#share > muchShare;
  }

  note(isMissing: boolean): void {
    this.#share += ((isMissing ? 1 : 0) - this.#share) / lastCount;
  }
}
