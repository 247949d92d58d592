import type { Bytes } from "../types.ts";
import { viewOf } from "./words.ts";

/** The words that every state of ChaCha20 begins with. */
const constants = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
/** Rounds, two of which are one over columns and one over diagonals. */
const roundCount = 20;

/**
 * The key that XChaCha20 encrypts by, of its own key and the first 16 bytes of its nonce.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03
 */
export function hchacha20(key: Bytes, nonce: Bytes): Bytes {
  const x = Int32Array.from([...constants, ...wordsOf(key), ...wordsOf(nonce)]);
  for (let i = 0; i < roundCount; i += 2) {
    for (let at = 0; at < 4; at++) mix(x, at, at + 4, at + 8, at + 12);
    for (let at = 0; at < 4; at++) mix(x, at, 4 + ((at + 1) & 3), 8 + ((at + 2) & 3), 12 + ((at + 3) & 3));
  }
  const made = new Uint8Array(32);
  const view = viewOf(made);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((from, i) => view.setInt32(4 * i, x[from]!, true));
  return made;
}

function wordsOf(bytes: Bytes): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
}

function mix(x: Int32Array, a: number, b: number, c: number, d: number): void {
  x[a] = x[a]! + x[b]!;
  x[d] = rotate(x[d]! ^ x[a]!, 16);
  x[c] = x[c]! + x[d]!;
  x[b] = rotate(x[b]! ^ x[c]!, 12);
  x[a] = x[a]! + x[b]!;
  x[d] = rotate(x[d]! ^ x[a]!, 8);
  x[c] = x[c]! + x[d]!;
  x[b] = rotate(x[b]! ^ x[c]!, 7);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
