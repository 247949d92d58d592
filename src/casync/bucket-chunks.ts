import { RequestWindow } from "../bucket/request-window.ts";
import type { Bucket } from "../bucket/bucket.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { Gate } from "../store/gate.ts";
import { notFound } from "../store/key.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import { chunkPath, idOfPath } from "./chunk-name.ts";
import { type KeptChunks, renewMs } from "./kept-chunks.ts";
import type { AbortOptions } from "../types.ts";
import { maxStoredBytes, verifyStored } from "./stored-form.ts";

export interface BucketChunksOptions {
  /** What all keys begin with, without slashes at its ends; nothing unless given. */
  readonly prefix?: string;
  /** The form in which chunks are kept; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** Chunks under way at a time; as many as make answers come faster unless given. */
  readonly requestCount?: number;
}

const contentType = "application/zstd";

/** A store of casync and desync in a bucket: an object for each chunk. */
export function bucketChunks(bucket: Bucket, options: BucketChunksOptions = {}): KeptChunks {
  const { prefix = "", coding = compressedCoding(), digest = sha512_256Digest } = options;
  const window = new RequestWindow(options.requestCount);
  const gate = new Gate();
  const before = prefix === "" ? "" : `${prefix}/`;
  const keyOf = (id: ChunkId): string => before + chunkPath(id, coding.suffix);
  const isRenewed = (key: string, options?: AbortOptions): Promise<boolean> =>
    bucket.renew?.(key, renewMs, options) ?? bucket.has(key, options);
  const store: KeptChunks = {
    async get(id, options) {
      gate.enter(options);
      const key = keyOf(id);
      const get = (signal: AbortSignal) => bucket.get(key, maxStoredBytes, { ...options, signal });
      const stored = await window.run(get, options?.signal);
      if (stored === undefined) throw notFound(id);
      return verifyStored(id, stored, coding, digest, key);
    },
    async has(id, options) {
      gate.enter(options);
      return bucket.has(keyOf(id), options);
    },
    async put({ id, bytes }, options) {
      gate.enter(options);
      const key = keyOf(id);
      const write = async (signal: AbortSignal): Promise<void> => {
        const ending = { ...options, signal };
        if (!(await isRenewed(key, ending))) await bucket.put(key, coding.encode(bytes), contentType, ending);
      };
      await window.run(write, options?.signal);
    },
    async renew(id, options) {
      gate.enter(options);
      return isRenewed(keyOf(id), options);
    },
    async delete(id, options) {
      gate.enter(options);
      await bucket.delete(keyOf(id), options);
    },
    async *kept(options) {
      gate.enter(options);
      for await (const { key, writtenMs } of bucket.list(before, options)) {
        const id = idOfPath(key.slice(before.length), coding.suffix);
        if (id !== undefined) yield { id, writtenMs };
      }
    },
    // An object has its name when it is complete.
    sweep: async () => 0,
    async close() {
      gate.close();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}
