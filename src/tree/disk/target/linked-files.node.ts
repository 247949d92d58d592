import { SyncError } from "../../../errors.ts";
import { type NameIn, printPlace } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";

/**
 * Tells an edit by somebody else from what the session does itself to a file with several names:
 * when it replaces or changes the file under one of them, the others see new times.
 *
 * Memory: a short text for each such file that was changed.
 */
export class LinkedFiles {
  readonly #changed = new Set<string>();

  /** Notes that the session has changed a file, or taken one of its names away. */
  note(file: FileStats): void {
    if (file.linkCount > 1) this.#changed.add(keyOf(file));
  }

  /**
   * True when nobody else has changed a file since it was looked at. Of a file that was noted, the
   * times are not compared.
   *
   * The inode number says nothing: network file systems give a file another one now and then.
   */
  isUntouched(before: FileStats, now: FileStats): boolean {
    if (now.kind !== before.kind || now.size !== before.size) return false;
    return hasSameTimes(before, now) || (before.linkCount > 1 && this.#changed.has(keyOf(before)));
  }

  /**
   * Whoever edits a file while it is being replaced keeps their edit.
   *
   * @throws CHANGED
   */
  checkUntouched(held: HeldDirs, { dir, name }: NameIn, before: FileStats): void {
    const now = held.look(dir, name);
    if (!now || !this.isUntouched(before, now)) throw changedMeanwhile({ dir, name });
  }
}

/** The error for a file that somebody else has edited. */
export function changedMeanwhile({ dir, name }: NameIn): SyncError {
  return new SyncError("CHANGED", "the file at the destination changed while it was being replaced", {
    detail: { path: printPlace(dir, name) },
  });
}

/** True when neither content nor metadata has changed between two looks, as far as times tell. */
export function hasSameTimes(before: FileStats, now: FileStats): boolean {
  return (
    now.mtimeSec === before.mtimeSec &&
    now.mtimeNsec === before.mtimeNsec &&
    now.ctimeSec === before.ctimeSec &&
    now.ctimeNsec === before.ctimeNsec
  );
}

function keyOf({ device, inode }: FileStats): string {
  return `${device}:${inode}`;
}
