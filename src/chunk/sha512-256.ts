import { sha512_256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../types.ts";
import type { ChunkDigest, Digester } from "./digest.ts";
import { keyOf } from "./id-key.ts";

// Asked for at run time, so that bundlers for the browser see no Node module here.
const node = globalThis.process?.getBuiltinModule?.("node:crypto");

/** SHA-512/256, by which casync names chunks: a hash of its own, not a part of SHA-512. */
export const sha512_256Digest: ChunkDigest = Object.freeze({
  name: "sha-512/256",
  keyOf: chooseSha512_256(),
});

/** SHA-512/256 of bytes that come in parts. */
export function createSha512_256(): Digester {
  if (!node) return sha512_256.create();
  const hash = node.createHash("sha512-256");
  return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) };
}

function chooseSha512_256(): (bytes: Bytes) => string {
  if (!node) return (bytes) => keyOf(sha512_256(bytes));
  const { hash, createHash } = node;
  if (hash) return (bytes) => hash("sha512-256", bytes, "binary");
  return (bytes) => createHash("sha512-256").update(bytes).digest("binary");
}
