import type { Bytes } from "../types.ts";
import { sha256 } from "./digest.ts";

/**
 * Makes the bytes of one of the four subkeys of UHASH. The first bytes of a subkey do not depend on
 * how many are asked for.
 *
 * @param index 1 to 4
 */
export type SubkeySource = (index: number, sizeBytes: number) => Bytes;

/** Bytes of the key of a session's MACs. */
export const macKeyBytes = 32;

/**
 * Derives the subkeys from a key by SHA-256: block i of subkey n is the digest of the key, n and i,
 * both as 64-bit big-endian numbers, with i from 1. It is the KDF of RFC 4418, with SHA-256 where
 * that has AES.
 *
 * @param key 32 bytes
 * @see docs/macs.md, subkeys
 */
export function macSubkeys(key: Bytes): SubkeySource {
  if (key.length !== macKeyBytes) throw new RangeError(`a key has ${macKeyBytes} bytes`);
  return (index, sizeBytes) => {
    const input = new Uint8Array(macKeyBytes + 16);
    input.set(key);
    const view = new DataView(input.buffer);
    view.setUint32(macKeyBytes + 4, index);
    const subkey = new Uint8Array(sizeBytes);
    for (let at = 0, block = 1; at < sizeBytes; at += 32, block++) {
      view.setUint32(macKeyBytes + 12, block);
      subkey.set(sha256(input).subarray(0, sizeBytes - at), at);
    }
    return subkey;
  };
}
