import { sha256 } from "../chunk/digest.ts";

/** Numbers from 0 up to 1 that are all alike likely, the same ones for the same seed. */
export type Random = () => number;

const twoTo32 = 2 ** 32;
const twoTo21 = 2 ** 21;

/** Begins a row of random numbers with 53 bits each: sfc32 of Chris Doty-Humphrey. */
export function seededRandom(seed: string): Random {
  const digest = sha256(new TextEncoder().encode(seed));
  const view = new DataView(digest.buffer, digest.byteOffset);
  let [a, b, c, count] = [0, 4, 8, 12].map((at) => view.getInt32(at)) as [number, number, number, number];
  const next = (): number => {
    const result = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    c |= 0;
    return result >>> 0;
  };
  return () => (next() * twoTo21 + (next() >>> 11)) / (twoTo32 * twoTo21);
}
