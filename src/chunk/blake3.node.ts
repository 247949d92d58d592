import { createRequire } from "node:module";
import { blake3 } from "@noble/hashes/blake3.js";
import type { Bytes } from "../types.ts";
import { type ChunkDigest, sha256Digest } from "./digest.ts";
import { keyOf } from "./id-key.ts";

type KeyOf = ChunkDigest["keyOf"];

/**
 * Of what `@napi-rs/blake-hash` has, the one call whose result is no foreign memory that the
 * garbage collector has to free.
 */
interface Native {
  blake3UrlSafeBase64(bytes: Bytes): string;
}

let bound: { readonly native: KeyOf | undefined } | undefined;

/**
 * BLAKE3, for trees in the file system. Where its native code is installed, an optional dependency,
 * chunks of 64 KiB take a third of the time of SHA-256; in portable code they take 40 times as long
 * as that.
 *
 * @see https://github.com/BLAKE3-team/BLAKE3-specs
 */
export const blake3Digest: ChunkDigest = Object.freeze({
  name: "blake3",
  keyOf: (bytes: Bytes) => (findNative() ?? portable)(bytes),
});

/** What sources and targets in the file system know. */
export const nodeDigests: readonly ChunkDigest[] = Object.freeze([sha256Digest, blake3Digest]);

/** Whichever of them takes less time here. */
export function fastestDigest(): ChunkDigest {
  return findNative() ? blake3Digest : sha256Digest;
}

function portable(bytes: Bytes): string {
  return keyOf(blake3(bytes));
}

function findNative(): KeyOf | undefined {
  bound ??= { native: bind() };
  return bound.native;
}

function bind(): KeyOf | undefined {
  try {
    const { blake3UrlSafeBase64 } = createRequire(import.meta.url)("@napi-rs/blake-hash") as Native;
    const id = Buffer.alloc(32);
    return (bytes) => {
      id.write(blake3UrlSafeBase64(bytes), "base64url");
      return id.toString("latin1");
    };
  } catch {
    // Not installed, or not built for this system.
    return undefined;
  }
}
