/** Limits of files that a tree is listed in, or cut into. */
export const listingLimits = Object.freeze({
  /** Characters in the longest line or row: a path and a link, each byte of them escaped. */
  lineChars: 65_536,
  /** Bytes of the manifest of an inventory. */
  manifestBytes: 16_777_216,
  /** Parts into which a tree may be cut. */
  treePartCount: 100_000,
  /** Parts into which a tree is cut that hosts share, and what is worth a part. */
  sharedPartCount: 64,
  sharedPartBytes: 16_777_216,
  sharedPartFileCount: 500,
});
