import type { Bytes } from "../types.ts";
import { idBytes } from "./chunk.ts";
import type { ChunkDigest } from "./digest.ts";
import { keyOf } from "./id-key.ts";
import { createPieceKernel, type PieceKernel } from "./piece-kernel.ts";
import { fileMacBytes } from "./pieces.ts";

/** What agreements of sessions call ids that are MACs. */
export const macDigestName = "mac";

/**
 * Names chunks by their MACs, for two ends that share a key and forget the names with it. From
 * 4 KiB on that takes a third of the time of SHA-256, and up to 8 KiB less than BLAKE3:
 * `npm run bench -- digests`.
 *
 * Who knows the key can make two chunks of one name, so nobody who writes files may know it, and
 * what is kept beyond a session, passed on or sent one way is named otherwise.
 *
 * @param key 32 bytes
 * @see docs/macs.md
 */
export function macDigest(key: Bytes): ChunkDigest {
  let kernel: PieceKernel | undefined;
  const id = new Uint8Array(idBytes);
  return Object.freeze({
    name: macDigestName,
    sizeBytes: fileMacBytes,
    keyOf(bytes: Bytes): string {
      kernel ??= createPieceKernel(key);
      const { buffer } = kernel;
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const part = bytes.length <= buffer.length ? bytes : bytes.subarray(at, at + buffer.length);
        buffer.set(part);
        kernel.update(0, part.length);
      }
      id.set(kernel.digest());
      return keyOf(id);
    },
  });
}
