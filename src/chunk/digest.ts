import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../types.ts";
import type { ChunkId } from "./chunk.ts";
import { idOfKey, keyOf } from "./id-key.ts";

/**
 * A digest by which chunks are named. Who takes chunks by their ids relies on nobody being able to
 * make two with one id.
 */
export interface ChunkDigest {
  /** What handshakes and files call it: `sha-256`, `sha-512/256`, `blake3`. */
  readonly name: string;
  /** The digest of bytes, at once, as a key (see `keyOf`). */
  readonly keyOf: (bytes: Bytes) => string;
  /** Bytes of it, where they are fewer than the 32 of an id: zeros follow, and do not travel. */
  readonly sizeBytes?: number;
}

/** Computes a digest of bytes that come in parts. */
export interface Digester {
  /** Takes in the next bytes. */
  update(bytes: Bytes): void;
  /** The digest of all bytes so far. Call it once, at the end. */
  digest(): ChunkId;
}

// Asked for at run time, so that bundlers for the browser see no Node module here.
const node = globalThis.process?.getBuiltinModule?.("node:crypto");

/**
 * SHA-256 of bytes, at once, as a key (see `keyOf`): by Node's own code where it is there,
 * otherwise in portable code. A string costs half the time of a Buffer for small chunks, and leaves
 * nothing to the garbage collector that it has to count as foreign memory.
 */
export const sha256Key: (bytes: Bytes) => string = chooseSha256();

/** SHA-256, by which chunks are named everywhere unless a session says otherwise. */
export const sha256Digest: ChunkDigest = Object.freeze({ name: "sha-256", keyOf: sha256Key });

/** SHA-256 of bytes, at once. */
export function sha256(bytes: Bytes): ChunkId {
  return idOfKey(sha256Key(bytes));
}

/** SHA-256 of bytes that come in parts. */
export function createSha256(): Digester {
  if (!node) return portableSha256.create();
  const hash = node.createHash("sha256");
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => plain(hash.digest()),
  };
}

function chooseSha256(): (bytes: Bytes) => string {
  if (!node) return (bytes) => keyOf(portableSha256(bytes));
  const { hash, createHash } = node;
  // The one-shot call of Node 20.12 takes half the time for small chunks.
  if (hash) return (bytes) => hash("sha256", bytes, "binary");
  return (bytes) => createHash("sha256").update(bytes).digest("binary");
}

/** The same bytes without the methods of Buffer. */
function plain(buffer: Bytes): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
