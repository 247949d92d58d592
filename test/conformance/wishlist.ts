import { fromHex, toHex } from "../../src/bytes/hex.ts";
import type { Store } from "../../src/store/store.ts";
import { WishPlan } from "../../src/remotesync/wish-plan.ts";
import { decodeWishlist, encodeWishlist } from "../../src/remotesync/wishlist.ts";
import { type Case, same, streamOf } from "./check.ts";
import { chunksOf } from "./sync-info.ts";

/** wishlist.json. */
export async function runWishlist(vector: Case): Promise<void> {
  const present = new Set<string>(vector.present);
  const store: Pick<Store, "pin"> = {
    pin: async (id) => (present.has(toHex(id)) ? { release() {} } : undefined),
  };
  const info = { chunks: chunksOf(vector.chunks), perm: vector.perm };
  const plan = new WishPlan(info, store, new AbortController().signal);
  await plan.decide(plan.wishes.length - 1);
  const wishes = [...plan.order].map((_, position) => plan.wants(position));
  same("order", vector.order, [...plan.order]);
  same("bits", vector.bits, bitText(wishes));
  same("wishlistHex", vector.wishlistHex, toHex(plan.wishes));
  same(
    "requested",
    vector.requested,
    [...plan.order].filter((_, position) => wishes[position]),
  );
  same("encoded", vector.wishlistHex, toHex(encodeWishlist(wishes)));

  const decoded: boolean[] = [];
  const bytes = fromHex(vector.wishlistHex);
  for await (const wish of decodeWishlist(streamOf(bytes), plan.order.length)) decoded.push(wish);
  same("decoded", vector.bits, bitText(decoded));
}

export function bitText(wishes: readonly boolean[]): string {
  return wishes.map((wish) => (wish ? "1" : "0")).join("");
}
