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
}

/** The outlook before anything was listed. */
export function emptyOutlook(): Outlook {
  return { listed: false, wantedFiles: 0, wantedBytes: 0, currentName: new Uint8Array(0) };
}
