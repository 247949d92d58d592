import { errnoOf, reasonOf } from "../bytes/errno.node.ts";
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
  return new SyncError(codes[name] ?? "IO", reasonOf(thrown), { cause: thrown, detail: { path } });
}

/** Runs file calls about one path and turns what they throw into errors of ours. */
export function fileCall<Result>(path: string, call: () => Result): Result {
  try {
    return call();
  } catch (thrown) {
    throw ioError(thrown, path);
  }
}
