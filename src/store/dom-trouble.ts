import { isSyncError, type SyncError, type SyncErrorCode, toSyncError, withPath } from "../errors.ts";

const codeOfName: Readonly<Record<string, SyncErrorCode>> = {
  QuotaExceededError: "NO_SPACE",
  NotFoundError: "VANISHED",
  NotReadableError: "CHANGED",
  NoModificationAllowedError: "LOCKED",
  NotAllowedError: "UNAUTHORIZED",
};

/**
 * What went wrong with a browser's storage or files, as a SyncError; what has no code of its own is
 * IO.
 *
 * @param path where, for an error that does not say it itself
 */
export function domTrouble(thrown: unknown, path?: string): SyncError {
  if (isSyncError(thrown)) return path === undefined ? thrown : withPath(thrown, path);
  const name = thrown instanceof Error ? thrown.name : "";
  return toSyncError(thrown, codeOfName[name] ?? "IO", path === undefined ? undefined : { path });
}
