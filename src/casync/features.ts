import { SyncError } from "../errors.ts";

/*
 * What an archive or index of casync keeps of a tree, as one word of 64 bits.
 */

/** Every feature by its bit. */
export const casyncFeatures = Object.freeze({
  uids16: 0x1n,
  uids32: 0x2n,
  userNames: 0x4n,
  secTime: 0x8n,
  usecTime: 0x10n,
  nsecTime: 0x20n,
  twoSecTime: 0x40n,
  readOnly: 0x80n,
  permissions: 0x100n,
  symlinks: 0x200n,
  deviceNodes: 0x400n,
  fifos: 0x800n,
  sockets: 0x1000n,
  flagHidden: 0x2000n,
  flagSystem: 0x4000n,
  flagArchive: 0x8000n,
  flagAppend: 0x10000n,
  flagNoatime: 0x20000n,
  flagCompr: 0x40000n,
  flagNocow: 0x80000n,
  flagNodump: 0x100000n,
  flagDirsync: 0x200000n,
  flagImmutable: 0x400000n,
  flagSync: 0x800000n,
  flagNocomp: 0x1000000n,
  flagProjinherit: 0x2000000n,
  subvolume: 0x4000000n,
  subvolumeReadOnly: 0x8000000n,
  xattrs: 0x10000000n,
  acl: 0x20000000n,
  selinux: 0x40000000n,
  fcaps: 0x80000000n,
  quotaProjid: 0x100000000n,
  excludeFile: 0x1000000000000000n,
  sha512_256: 0x2000000000000000n,
  excludeSubmounts: 0x4000000000000000n,
  excludeNodump: 0x8000000000000000n,
});

const f = casyncFeatures;

/** The features that stand as flags of single entries. */
export const entryFlagMask =
  f.flagHidden |
  f.flagSystem |
  f.flagArchive |
  f.flagAppend |
  f.flagNoatime |
  f.flagCompr |
  f.flagNocow |
  f.flagNodump |
  f.flagDirsync |
  f.flagImmutable |
  f.flagSync |
  f.flagNocomp |
  f.flagProjinherit |
  f.subvolume |
  f.subvolumeReadOnly;

const known = Object.values(f).reduce((all, bit) => all | bit, 0n);

/** What casync writes into the index of a blob. */
export const blobFeatures = f.excludeNodump | f.sha512_256 | f.excludeFile;

/** What desync's `tar` keeps of a tree. */
export const desyncTreeFeatures =
  f.uids32 |
  f.nsecTime |
  f.permissions |
  f.symlinks |
  f.deviceNodes |
  f.fifos |
  f.sockets |
  f.xattrs |
  blobFeatures;

const has = (word: bigint, bits: bigint): boolean => (word & bits) !== 0n;

/** The times from the finest to the coarsest; the finest one given counts. */
const times = [f.nsecTime, f.usecTime, f.secTime, f.twoSecTime];

/** The one form of a word that casync writes: bits that follow are added, bits that are moot go. */
export function normalFeatures(word: bigint): bigint {
  let all = word;
  const drop = (bits: bigint): void => void (all &= ~bits);
  if (has(all, f.acl) && !has(all, f.uids16 | f.uids32 | f.userNames)) all |= f.uids32 | f.userNames;
  if (has(all, f.uids32)) drop(f.uids16);
  const finest = times.findIndex((time) => has(all, time));
  times.forEach((time, i) => i > finest && finest >= 0 && drop(time));
  if (has(all, f.acl)) drop(f.permissions | f.readOnly);
  if (has(all, f.permissions)) drop(f.readOnly);
  if (has(all, f.excludeNodump)) drop(f.flagNodump);
  if (has(all, f.subvolumeReadOnly)) all |= f.subvolume;
  return all;
}

/** What casync keeps of a tree unless told otherwise. */
export const casyncTreeFeatures = normalFeatures(known & ~f.excludeSubmounts);

/**
 * Passes on a word that was read.
 *
 * @throws UNSUPPORTED for bits that nobody knows, BAD_MESSAGE for a word in no normal form
 */
export function checkFeatures(word: bigint): bigint {
  if ((word & ~known) !== 0n)
    throw new SyncError("UNSUPPORTED", `unknown features ${hexWord(word & ~known)} of casync`);
  if (normalFeatures(word) !== word)
    throw new SyncError("BAD_MESSAGE", `the features ${hexWord(word)} contradict each other`);
  return word;
}

function hexWord(word: bigint): string {
  return `0x${word.toString(16)}`;
}
