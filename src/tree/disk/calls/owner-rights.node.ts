import type { FileStats } from "./file-stats.node.ts";

/** What the owner of a directory needs to change what is in it. */
export const ownerWriteBits = 0o300;
/** What it needs to see what is in it. */
export const ownerLookBits = 0o500;

/** True for a directory of this user whose mode forbids it to see what is in it. */
export function forbidsOwnerToLook({ mode, owner }: FileStats): boolean {
  const euid = process.geteuid?.();
  return (mode & ownerLookBits) !== ownerLookBits && owner === euid && euid !== 0;
}

/** True for a directory of this user whose mode forbids it to write there. */
export function forbidsOwnerToWrite({ mode, owner }: FileStats): boolean {
  return (mode & ownerWriteBits) !== ownerWriteBits && owner === process.geteuid?.();
}
