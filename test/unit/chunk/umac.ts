/** UMAC of RFC 4418: what makes tags of UHASH, with AES, so that its test vectors can be used. */
import { createCipheriv } from "node:crypto";
import type { SubkeySource } from "../../../src/chunk/mac-subkeys.ts";

/** The subkeys as the RFC derives them, §3.2.1. */
export function aesSubkeys(key: Uint8Array): SubkeySource {
  return (index, sizeBytes) => {
    const input = new Uint8Array(16 * Math.ceil(sizeBytes / 16));
    const view = new DataView(input.buffer);
    for (let i = 0; i < input.length / 16; i++) {
      view.setUint32(16 * i + 4, index);
      view.setUint32(16 * i + 12, i + 1);
    }
    return encipher(key, input).subarray(0, sizeBytes);
  };
}

/** The pad that makes a tag of a hash, §3.3.1. */
export function padOf(key: Uint8Array, nonce: Uint8Array, tagBytes: number): Uint8Array {
  const block = new Uint8Array(16);
  block.set(nonce);
  const mayShare = tagBytes <= 8;
  const index = mayShare ? block[nonce.length - 1]! % (16 / tagBytes) : 0;
  block[nonce.length - 1]! -= index;
  const pad = encipher(aesSubkeys(key)(0, key.length), block);
  return pad.subarray(index * tagBytes, (index + 1) * tagBytes);
}

function encipher(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(blocks));
}
