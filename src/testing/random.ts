/**
 * A small seeded generator (mulberry32): numbers from 0 up to, but not including, 1. For tests,
 * never for secrets.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** That many bytes, the same for the same seed. */
export function seededBytes(seed: number, count: number): Uint8Array {
  const random = seededRandom(seed);
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = random() * 256;
  return bytes;
}
