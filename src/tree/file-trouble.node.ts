import { isSyncError, SyncError, type SyncErrorCode } from "../errors.ts";

/** What the error numbers of the system mean to a tree; all others are IO. */
const codeOfErrno: Readonly<Record<string, SyncErrorCode>> = {
  ENOENT: "VANISHED",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  // What a directory or file that was swapped for a link answers to a call that follows none.
  ELOOP: "PATH",
  ENOTDIR: "PATH",
};

/** The error of a file call as a SyncError about a path of the tree. */
export function fileTrouble(thrown: unknown, path: string): SyncError {
  if (isSyncError(thrown)) return thrown;
  if (!isErrno(thrown)) return new SyncError("INTERNAL", String(thrown), { cause: thrown, detail: { path } });
  // Node's own message names the call and a path under /proc that tells nobody anything.
  const reason = thrown.message.replace(/^\w+: /, "").replace(/ '.*$/s, "");
  return new SyncError(codeOfErrno[thrown.code] ?? "IO", `${thrown.code}: ${reason}`, {
    cause: thrown,
    detail: { path },
  });
}

/** The same error with the path it is about, when it names none. */
export function withPath(error: SyncError, path: string): SyncError {
  if (error.detail.path !== undefined || path === "") return error;
  const { cause, code, message, remote } = error;
  return new SyncError(code, message, { cause, remote, detail: { ...error.detail, path } });
}

/** True for an error of a file call, with one of the codes when some are named. */
export function isErrno(thrown: unknown, ...codes: string[]): thrown is Error & { code: string } {
  if (!(thrown instanceof Error) || !("syscall" in thrown)) return false;
  const { code } = thrown as { code?: unknown };
  return typeof code === "string" && (codes.length === 0 || codes.includes(code));
}
