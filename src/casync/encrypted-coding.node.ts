import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { toHex } from "../bytes/hex.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ChunkCoding } from "./chunk-coding.ts";
import { hchacha20 } from "./hchacha20.ts";

/** How chunks can be encrypted. */
export type ChunkCipher = "xchacha20-poly1305" | "aes-256-gcm";

/** Bytes of a key. */
const keyBytes = 32;
const tagBytes = 16;
/** Bytes of the hash of a key that name it. */
const keyIdBytes = 4;

interface Cipher {
  readonly nonceBytes: number;
  /** The cipher that OpenSSL has, with the key and nonce for it. */
  prepare(
    key: Bytes,
    nonce: Bytes,
  ): { readonly name: "aes-256-gcm" | "chacha20-poly1305"; readonly key: Bytes; readonly nonce: Bytes };
}

const ciphers: Readonly<Record<ChunkCipher, Cipher>> = {
  "aes-256-gcm": { nonceBytes: 12, prepare: (key, nonce) => ({ name: "aes-256-gcm", key, nonce }) },
  "xchacha20-poly1305": {
    nonceBytes: 24,
    prepare(key, nonce) {
      const short = new Uint8Array(12);
      short.set(nonce.subarray(16), 4);
      return { name: "chacha20-poly1305", key: hchacha20(key, nonce.subarray(0, 16)), nonce: short };
    },
  },
};

/**
 * Chunks in another coding, encrypted as desync does it: nonce, ciphertext, tag.
 *
 * @param key 32 bytes
 * @throws USAGE for a key of another length
 */
export function encryptedCoding(inner: ChunkCoding, cipher: ChunkCipher, key: Bytes): ChunkCoding {
  if (key.length !== keyBytes) {
    throw new SyncError("USAGE", "a key for chunks has 32 bytes", {
      detail: { limit: keyBytes, actual: key.length },
    });
  }
  const { nonceBytes, prepare } = ciphers[cipher];
  const keyId = toHex(createHash("sha256").update(key).digest().subarray(0, keyIdBytes));
  return Object.freeze({
    suffix: `${inner.suffix}.${cipher}-${keyId}`,
    encode(bytes: Bytes): Bytes {
      const nonce = randomBytes(nonceBytes);
      const made = prepare(key, nonce);
      const encryption = createCipheriv(made.name as "aes-256-gcm", made.key, made.nonce, {
        authTagLength: tagBytes,
      });
      const parts = [nonce, encryption.update(inner.encode(bytes)), encryption.final()];
      return new Uint8Array(Buffer.concat([...parts, encryption.getAuthTag()]));
    },
    decode(stored: Bytes, maxBytes: number): Bytes {
      if (stored.length < nonceBytes + tagBytes) throw damaged();
      const made = prepare(key, stored.subarray(0, nonceBytes));
      const decryption = createDecipheriv(made.name as "aes-256-gcm", made.key, made.nonce, {
        authTagLength: tagBytes,
      });
      decryption.setAuthTag(stored.subarray(-tagBytes));
      const opened = decryption.update(stored.subarray(nonceBytes, -tagBytes));
      try {
        decryption.final();
      } catch (cause) {
        throw damaged(cause);
      }
      return inner.decode(new Uint8Array(opened), maxBytes);
    },
  });
}

function damaged(cause?: unknown): SyncError {
  return new SyncError("CORRUPT", "the encrypted chunk is damaged, or of another key", { cause });
}
