import { errnoOf, reasonOf } from "../../../bytes/errno.node.ts";
import { isSyncError, SyncError, type SyncErrorCode, withPath } from "../../../errors.ts";

/** What the error numbers of the system mean to a tree; all others are IO. */
const codeOfErrno: Readonly<Record<string, SyncErrorCode>> = {
  ENOENT: "VANISHED",
  // A network file system says so of a file that was removed at its server.
  ESTALE: "VANISHED",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  // What a directory or file that was swapped for a link answers to a call that follows none.
  ELOOP: "PATH",
  ENOTDIR: "PATH",
};

/** What befell an entry as a SyncError that has the entry's path, whoever threw it. */
export function entryTrouble(thrown: unknown, path: string): SyncError {
  return withPath(fileTrouble(thrown, path), path);
}

/** The error of a file call as a SyncError about a path. One that is a SyncError stays as it is. */
export function fileTrouble(thrown: unknown, path: string): SyncError {
  if (isSyncError(thrown)) return thrown;
  if (!isErrno(thrown)) return new SyncError("INTERNAL", String(thrown), { cause: thrown, detail: { path } });
  const code = codeOfErrno[errnoOf(thrown)!] ?? "IO";
  return new SyncError(code, reasonOf(thrown), { cause: thrown, detail: { path } });
}

/** True for an error of a file call, with one of the names when some are given. */
export function isErrno(
  thrown: unknown,
  ...names: string[]
): thrown is Error & { code: string; syscall: string } {
  if (!(thrown instanceof Error) || !("syscall" in thrown)) return false;
  const name = errnoOf(thrown);
  return name !== undefined && (names.length === 0 || names.includes(name));
}

/** What systems say of a call that this file system, or this user, cannot make. */
const refusals = ["EACCES", "EINVAL", "ENODATA", "ENOSYS", "ENOTSUP", "ENOTTY", "EOPNOTSUPP", "EPERM"];

/** True when a system refuses to do something, rather than failing at it. */
export function isRefusal(thrown: unknown): boolean {
  return isErrno(thrown, ...refusals);
}
