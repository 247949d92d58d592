import { errnoOf } from "../bytes/errno.node.ts";
import { isSyncError, nothingAt, SyncError, type SyncErrorCode } from "../errors.ts";

const codes: Readonly<Record<string, SyncErrorCode>> = {
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
};

/** What the file system reported, as an error of ours: NOT_FOUND, NO_SPACE or else IO. */
export function ioError(thrown: unknown, path: string): SyncError {
  if (isSyncError(thrown)) return thrown;
  const name = errnoOf(thrown) ?? "";
  if (name === "ENOENT") return nothingAt(path, thrown);
  return new SyncError(codes[name] ?? "IO", reasonOf(thrown, name), { cause: thrown, detail: { path } });
}

/** What was said; in our words where Node knows no name for the number. */
function reasonOf(thrown: unknown, name: string): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { code = "", message, syscall = "the call" } = thrown as NodeJS.ErrnoException;
  // Whoever prints it prints the path, too.
  return name === code ? message.replace(/ '.*$/s, "") : `${name}: ${syscall} failed`;
}

/** Runs file calls about one path and turns what they throw into errors of ours. */
export function fileCall<Result>(path: string, call: () => Result): Result {
  try {
    return call();
  } catch (thrown) {
    throw ioError(thrown, path);
  }
}
