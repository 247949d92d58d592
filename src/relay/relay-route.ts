import { toHex } from "../bytes/hex.ts";
import { SyncError } from "../errors.ts";
import { relayLimits } from "./relay-limits.ts";

/** Bytes of a relay's id. */
const idBytes = 8;

/** An id for a relay that was given none. */
export function randomRelayId(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(idBytes)));
}

/** @throws LIMIT for a request that came in a circle, or through too many relays */
export function checkRoute(id: string, via: readonly string[]): void {
  if (via.includes(id)) throw new SyncError("LIMIT", "the relays' upstreams form a circle");
  const limit = relayLimits.hopCount;
  if (via.length >= limit)
    throw new SyncError("LIMIT", `more than ${limit} relays on the way`, { detail: { limit } });
}
