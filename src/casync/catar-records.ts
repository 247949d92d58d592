import type { Bytes } from "../types.ts";
import { concatBytes } from "../bytes/compare.ts";
import { words } from "./words.ts";

/** Types of the records of an archive, but GOODBYE. */
export const recordTypes = Object.freeze({
  entry: 0x1396fabcea5bbb51n,
  user: 0xf453131aaeeaccb3n,
  group: 0x25eb6ac969396a52n,
  xattr: 0xb8157091f80bc486n,
  aclUser: 0x297dc88b2ef12fafn,
  aclGroup: 0x36f2acb56cb3dd0bn,
  aclGroupObject: 0x23047110441f38f3n,
  aclDefault: 0xfe3eeda6823c8cd0n,
  aclDefaultUser: 0xbdf03df9bd010a91n,
  aclDefaultGroup: 0xa0cb1168782d1f51n,
  selinux: 0x46faf0602fd26c59n,
  fcaps: 0xf7267db0afed0629n,
  quotaProjid: 0x161baf2d8772a72bn,
  payload: 0x8b9e1d93d6dcffc9n,
  symlink: 0x664a6fb6830e0d6cn,
  device: 0xac3dace369dfe643n,
  filename: 0x6dbb6ebcb3161f0bn,
});

/** Bytes of the size and type in front of each record. */
export const recordHeaderBytes = 16;

/** A record of parts. */
export function record(type: bigint, ...parts: readonly Bytes[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concatBytes([words(recordHeaderBytes + length, type), ...parts]);
}

/** A text or name with the NUL behind it. */
export function nulTerminated(text: Bytes | string): Bytes {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return concatBytes([bytes, new Uint8Array(1)]);
}
