import { errnoOf } from "../bytes/errno.node.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { SyncErrorCode } from "../errors.ts";

const codes: Readonly<Record<string, SyncErrorCode>> = {
  ENOENT: "NOT_FOUND",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
};

/** What the file system reported, as an error of ours: NOT_FOUND, NO_SPACE or else IO. */
export function ioError(thrown: unknown, path: string): SyncError {
  return toSyncError(thrown, codes[errnoOf(thrown) ?? ""] ?? "IO", { path });
}

/** Runs file calls about one path and turns what they throw into errors of ours. */
export function fileCall<Result>(path: string, call: () => Result): Result {
  try {
    return call();
  } catch (thrown) {
    throw ioError(thrown, path);
  }
}
