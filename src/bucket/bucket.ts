import type { AbortOptions, Bytes } from "../types.ts";

/** What a listing tells of an object. */
export interface BucketObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** When it was written, in milliseconds since 1970. */
  readonly writtenMs: number;
}

/**
 * Objects by their keys, at whoever provides them. Keys have no slash in front. Every method may be
 * called concurrently, and throws UNAUTHORIZED, UPSTREAM, PEER_GONE, STALLED, IO.
 */
export interface Bucket {
  /** The object; undefined when there is none. @throws LIMIT for one longer than `maxBytes` */
  get(key: string, maxBytes: number, options?: AbortOptions): Promise<Bytes | undefined>;
  has(key: string, options?: AbortOptions): Promise<boolean>;
  /**
   * Dates an object anew that was written `renewMs` ago or earlier. Returns false when there is
   * none. A bucket without this leaves objects as old as they are.
   */
  renew?(key: string, renewMs: number, options?: AbortOptions): Promise<boolean>;
  put(key: string, bytes: Bytes, contentType: string, options?: AbortOptions): Promise<void>;
  /** Removes an object; to remove one that is not there does nothing. */
  delete(key: string, options?: AbortOptions): Promise<void>;
  /** Objects whose keys begin so, in no order. Memory does not grow with their number. */
  list(prefix: string, options?: AbortOptions): AsyncIterable<BucketObject>;
}
