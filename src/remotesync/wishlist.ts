import { BitWriter } from "../bytes/bits.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { incoming } from "./incoming.ts";

/** Bytes of a wishlist for so many positions. */
export function wishlistBytes(positionCount: number): number {
  return Math.ceil(positionCount / 8);
}

/** Packs one answer per position, the first into the highest bit; true = send it. */
export function encodeWishlist(wishes: Iterable<boolean>): Bytes {
  const writer = new BitWriter();
  for (const wish of wishes) writer.push(wish);
  return writer.finish();
}

/** Bytes of a wishlist whose answers are handed out together. */
const pieceBytes = 1024;

/**
 * Reads the answers of a wishlist as its bytes arrive, those together that came together; what the
 * last byte is filled up with does not matter. Only when asked for more than the last answer does
 * it look for the end of the stream.
 *
 * @param positionCount how many answers there must be
 * @returns an answer a position; memory is bounded, however much comes at once
 * @throws WISHLIST_TOO_SHORT, WISHLIST_TOO_LONG
 */
export async function* readAnswers(
  source: AsyncIterable<Bytes>,
  positionCount: number,
  options: AbortOptions = {},
): AsyncGenerator<readonly boolean[], void, undefined> {
  let position = 0;
  for await (const block of incoming(source, options.signal)) {
    const usable = block.subarray(0, wishlistBytes(positionCount - position));
    for (let at = 0; at < usable.length; at += pieceBytes) {
      const answers = unpack(usable.subarray(at, at + pieceBytes), positionCount - position);
      position += answers.length;
      yield answers;
    }
    if (usable.length < block.length) {
      throw new SyncError("WISHLIST_TOO_LONG", "wishlist goes on after its last position", {
        detail: { limit: wishlistBytes(positionCount) },
      });
    }
  }
  if (position < positionCount) {
    throw new SyncError(
      "WISHLIST_TOO_SHORT",
      `wishlist ends after ${position} of ${positionCount} positions`,
      {
        detail: { actual: position, limit: positionCount },
      },
    );
  }
}

/**
 * The same, one answer at a time; no byte is read before its first bit is wanted.
 *
 * @param positionCount how many answers there must be
 * @throws WISHLIST_TOO_SHORT, WISHLIST_TOO_LONG
 */
export async function* decodeWishlist(
  source: AsyncIterable<Bytes>,
  positionCount: number,
  options: AbortOptions = {},
): AsyncGenerator<boolean, void, undefined> {
  for await (const answers of readAnswers(source, positionCount, options)) yield* answers;
}

function unpack(bytes: Bytes, limit: number): boolean[] {
  const answers: boolean[] = [];
  for (const byte of bytes) {
    for (let bit = 0x80; bit > 0 && answers.length < limit; bit >>= 1) answers.push((byte & bit) !== 0);
  }
  return answers;
}
