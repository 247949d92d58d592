import type { DeviceNumber, EntryKind } from "../../entry/entry.ts";

/** What the system says about a path or an open file. */
export interface FileStats {
  readonly kind: EntryKind | "other";
  /** Bytes. */
  readonly size: number;
  /** The permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** The last change of content or metadata, which nobody can set. */
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
  /** Tells files of one file system apart, as long as its numbers stay below 2^53. */
  readonly inode: number;
  /**
   * When it was made, in microseconds; 0 where the system does not say. Another one may get the
   * inode number of one that is gone.
   */
  readonly bornUsec: number;
  /** Tells file systems apart. */
  readonly device: number;
  /** Tells apart the places that a file system is mounted at; 0 where the system does not say. */
  readonly mount: number;
  /** The number of the user whose it is. */
  readonly owner: number;
  /** The number of the group that it belongs to. */
  readonly group: number;
  /** The last access. */
  readonly accessSec: number;
  readonly accessNsec: number;
  /** Names that the file has. */
  readonly linkCount: number;
  /** Which device it is; undefined for what is none. */
  readonly rdev: DeviceNumber | undefined;
  /** Whose it stands for, where another user's is to be seen than that of the file. */
  readonly fakeOwners?: { readonly owner: number; readonly group: number };
}

/** Whose a file is, or stands for. */
export function ownersOf({ fakeOwners, owner, group }: FileStats): {
  readonly owner: number;
  readonly group: number;
} {
  return fakeOwners ?? { owner, group };
}
