import { concatBytes, equalBytes } from "../../bytes/compare.ts";
import type { Bytes } from "../../types.ts";

/** Which end changes what links hold: the sender back, the receiver so that they lead nowhere. */
export type LinkMunging = "sender" | "receiver";

/** What rsync puts in front of what a link holds; no such directory may be. */
const prefix = new TextEncoder().encode("/rsyncd-munged/");

/** What a link holds that is to lead nowhere. */
export function mungeLink(target: Bytes): Bytes {
  return concatBytes([prefix, target]);
}

/** What a link held before. */
export function unmungeLink(target: Bytes): Bytes {
  const isMunged = target.length > prefix.length && equalBytes(target.subarray(0, prefix.length), prefix);
  return isMunged ? target.subarray(prefix.length) : target;
}
