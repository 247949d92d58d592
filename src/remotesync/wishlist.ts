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

/**
 * Reads one answer per position as the bytes arrive; no byte is read before its first bit is wanted. What
 * the last byte is filled up with does not matter. Only when asked for more than the last answer does it
 * look for the end of the stream.
 *
 * @param positionCount how many answers there must be
 * @throws WISHLIST_TOO_SHORT, WISHLIST_TOO_LONG
 */
export async function* decodeWishlist(
  source: AsyncIterable<Bytes>,
  positionCount: number,
  options: AbortOptions = {},
): AsyncGenerator<boolean, void, undefined> {
  let position = 0;
  for await (const block of incoming(source, options.signal)) {
    for (const byte of block) {
      if (position === positionCount) {
        throw new SyncError("WISHLIST_TOO_LONG", "wishlist goes on after its last position", {
          detail: { limit: wishlistBytes(positionCount) },
        });
      }
      for (let bit = 0x80; bit > 0 && position < positionCount; bit >>= 1) {
        position++;
        yield (byte & bit) !== 0;
      }
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
