import { undeleted } from "../failed-deletion.ts";
import { SyncError } from "../../errors.ts";
import type { ObjectVersion } from "../object-bucket.ts";
import type { SyncSide } from "./job.ts";

export interface PurgeOptions {
  readonly signal?: AbortSignal;
  readonly isDry?: boolean;
  /** Versions that are deleted at most; the others are left to the next run. */
  readonly maxCount?: number;
  readonly onPurged?: (version: ObjectVersion) => void;
  readonly onTrouble?: (error: SyncError) => void;
}

/** Versions that are deleted by one request. */
const versionsAtOnce = 1000;

/**
 * Deletes for good what was deleted or replaced before a time. What a reader gets now is never
 * among it.
 *
 * @param beforeMs in milliseconds since 1970, which are of no zone
 * @returns how many versions went
 * @throws UNSUPPORTED where the provider has no versions
 */
export async function purgeVersions(
  { bucket, prefix }: SyncSide,
  beforeMs: number,
  { signal, isDry = false, maxCount = Infinity, onPurged, onTrouble }: PurgeOptions = {},
): Promise<number> {
  const { versions } = bucket;
  if (!versions) throw new SyncError("UNSUPPORTED", "old versions cannot be listed there");
  let count = 0;
  let doomed: ObjectVersion[] = [];

  async function purge(): Promise<void> {
    const failed = isDry || doomed.length === 0 ? [] : await versions!.delete(doomed, signal && { signal });
    for (const { key, error } of failed) onTrouble?.(undeleted("a version", key, error));
    count += doomed.length - failed.length;
    for (const version of doomed) onPurged?.(version);
    doomed = [];
  }

  let newer: ObjectVersion | undefined;
  for await (const page of versions.list(prefix, signal && { signal })) {
    for (const version of page) {
      if (count + doomed.length >= maxCount) break;
      if (isOld(version, newer?.key === version.key ? newer : undefined, beforeMs)) doomed.push(version);
      newer = version;
    }
    if (doomed.length >= versionsAtOnce) await purge();
  }
  await purge();
  return count;
}

/**
 * True for what is gone since then, and for the word that says so.
 *
 * @param newer what came after it
 */
function isOld(version: ObjectVersion, newer: ObjectVersion | undefined, beforeMs: number): boolean {
  if (version.goneMs !== undefined) return version.goneMs < beforeMs;
  if (version.isLatest) return version.isDeletion && version.writtenMs < beforeMs;
  return newer !== undefined && newer.writtenMs < beforeMs;
}
