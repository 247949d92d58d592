import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { decodeWishlist, encodeWishlist, wishlistBytes } from "../../../src/remotesync/wishlist.ts";
import { failureOf, silentStream, streamOf } from "./exchange-parts.ts";

async function decode(bytes: Uint8Array, count: number): Promise<[boolean[], unknown]> {
  const wishes: boolean[] = [];
  const failure = await failureOf(async () => {
    for await (const wish of decodeWishlist(streamOf(bytes), count)) wishes.push(wish);
  });
  return [wishes, failure];
}

describe("wishlists", () => {
  it("put the first answer into the highest bit", () => {
    expect(toHex(encodeWishlist([..."011101"].map((bit) => bit === "1")))).toBe("74");
    expect(toHex(encodeWishlist([..."1111111110"].map((bit) => bit === "1")))).toBe("ff80");
    expect(toHex(encodeWishlist([]))).toBe("");
  });

  it("are refused at every wrong length, whatever fills the last byte", async () => {
    for (let count = 0; count <= 40; count++) {
      const right = wishlistBytes(count);
      for (const fill of [0x00, 0xff]) {
        for (let length = Math.max(0, right - 1); length <= right + 2; length++) {
          const [wishes, failure] = await decode(new Uint8Array(length).fill(fill), count);
          const expected =
            length < right ? "WISHLIST_TOO_SHORT" : length > right ? "WISHLIST_TOO_LONG" : "no failure";
          expect(failure).toBe(expected);
          expect(wishes).toEqual(new Array(Math.min(count, 8 * length)).fill(fill === 0xff));
        }
      }
    }
  });

  it("are read no further than needed", async () => {
    let taken = 0;
    async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
      for (; taken < 3;) {
        taken++;
        yield Uint8Array.of(0x80);
        yield new Uint8Array(0);
      }
    }
    const wishes = decodeWishlist(bytes(), 24);
    for (let position = 0; position < 9; position++) {
      await wishes.next();
      expect(taken).toBe(position < 8 ? 1 : 2);
    }
  });

  it("stop waiting when aborted", async () => {
    const controller = new AbortController();
    const source = silentStream();
    const next = failureOf(() => decodeWishlist(source, 1, { signal: controller.signal }).next());
    controller.abort("enough");
    expect(await next).toBe("enough");
    expect(source.closedCount).toBe(1);
  });
});
