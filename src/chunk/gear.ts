import { sha256 } from "./digest.ts";

/** Names the table: another name gives other cuts. */
const seed = "rsync-stream gear 1";

const wordsPerDigest = 8;

/**
 * The 256 random words of the gear hash, one for each value of a byte.
 *
 * Words 8k to 8k + 7 are the SHA-256 of the seed and the byte k, read as big-endian 32-bit numbers,
 * so any implementation can make the table for itself.
 *
 * @see docs/cutters.md, fastcdc
 */
export function gearTable(): Int32Array {
  const table = new Int32Array(256);
  const input = new TextEncoder().encode(seed + "\0");
  const last = input.length - 1;
  for (let k = 0; k < table.length / wordsPerDigest; k++) {
    input[last] = k;
    const digest = sha256(input);
    const words = new DataView(digest.buffer, digest.byteOffset, digest.length);
    for (let i = 0; i < wordsPerDigest; i++) table[wordsPerDigest * k + i] = words.getInt32(4 * i);
  }
  return table;
}
