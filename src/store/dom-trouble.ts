import { SyncError, type SyncErrorCode, toSyncError } from "../errors.ts";

const codeOfName: Readonly<Record<string, SyncErrorCode>> = {
  QuotaExceededError: "NO_SPACE",
  NotFoundError: "VANISHED",
  NotReadableError: "CHANGED",
  NoModificationAllowedError: "LOCKED",
  NotAllowedError: "UNAUTHORIZED",
};

/** What went wrong with a browser's storage or files, as a SyncError; what has no code of its own is IO. */
export function domTrouble(thrown: unknown, path?: string): SyncError {
  const name = thrown instanceof Error ? thrown.name : "";
  return toSyncError(thrown, codeOfName[name] ?? "IO", path === undefined ? undefined : { path });
}
