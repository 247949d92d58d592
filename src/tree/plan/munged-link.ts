import type { Bytes } from "../../types.ts";

/** Which end changes what links hold: the sender back, the receiver so that they lead nowhere. */
export type LinkMunging = "sender" | "receiver";

/** What rsync puts in front of what a link holds; no such directory may be. */
const prefix = new TextEncoder().encode("/rsyncd-munged/");

/** What a link holds that is to lead nowhere. */
export function mungeLink(target: Bytes): Bytes {
  const munged = new Uint8Array(prefix.length + target.length);
  munged.set(prefix);
  munged.set(target, prefix.length);
  return munged;
}

/** What a link held before. */
export function unmungeLink(target: Bytes): Bytes {
  const isMunged = target.length > prefix.length && prefix.every((byte, i) => target[i] === byte);
  return isMunged ? target.subarray(prefix.length) : target;
}
