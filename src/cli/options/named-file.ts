import { isSyncError, nothingAt, SyncError } from "../../errors.ts";
import { fileTrouble, isErrno } from "../../tree/disk/calls/file-trouble.node.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { readToEnd } from "../../bytes/waiting-read.node.ts";

/** What is in a file that the command line names. @throws NOT_FOUND, IO */
export function readNamedFile(path: string): Buffer {
  try {
    return readToEnd(pathOf(path));
  } catch (thrown) {
    throw namedFileTrouble(thrown, path);
  }
}

/** What is wrong with a file that the command line names. */
export function namedFileTrouble(thrown: unknown, path: string): SyncError {
  const trouble = fileTrouble(thrown, path);
  if (isErrno(thrown, "EISDIR"))
    return new SyncError("IO", "this is a directory", { cause: thrown, detail: { path } });
  const isAbsent = isSyncError(trouble, "VANISHED") || isErrno(thrown, "ENOTDIR");
  return isAbsent ? nothingAt(path, thrown) : trouble;
}
