import type { Bytes } from "../types.ts";

/** How much there is to do, as far as it is known. */
export interface Outlook {
  /**
   * True once every entry was listed: then the next two only fall, as the receiver turns out to
   * have files already.
   */
  listed: boolean;
  /** Files listed so far whose content is asked for, or may yet be. */
  wantedFiles: number;
  /** Bytes of content that these were listed with. */
  wantedBytes: number;
  /** The name of the file that content was last listed of, without the directories it is in. */
  currentName: Bytes;
  /** Bytes that it was listed with ... */
  currentSize: number;
  /** ... and up to which of them its content was gone through. */
  currentOffset: number;
}

/** The outlook before anything was listed. */
export function emptyOutlook(): Outlook {
  return { listed: false, wantedFiles: 0, wantedBytes: 0, ...noFile };
}

/** Content that needs nothing more, for it came or was there: no more than there is. */
export function settledBytesOf(
  { listed, wantedBytes }: Pick<Outlook, "listed" | "wantedBytes">,
  newBytes: number,
  reusedBytes: number,
): number {
  const settled = newBytes + Math.max(0, reusedBytes);
  return listed ? Math.min(settled, wantedBytes) : settled;
}

const noFile = { currentName: new Uint8Array(0), currentSize: 0, currentOffset: 0 };

/** Counts content of a file that was gone through, so many bytes from an offset on. */
export function countContent(
  totals: Outlook & { chunkBytes: number },
  { place, size }: { readonly place: { readonly name: Bytes }; readonly size: number },
  offset: number,
  bytes: number,
): void {
  totals.chunkBytes += bytes;
  totals.currentName = place.name;
  totals.currentSize = size;
  totals.currentOffset = Math.min(size, offset + bytes);
}
