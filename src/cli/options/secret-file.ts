import { constants, openSync, fstatSync, readFileSync, closeSync } from "node:fs";
import { SyncError } from "../../errors.ts";
import { isErrno } from "../../tree/disk/calls/file-trouble.node.ts";
import { pathOf } from "../../bytes/byte-text.node.ts";
import { namedFileTrouble } from "./named-file.ts";

const maxSecretBytes = 1 << 20;

/**
 * Reads a file that holds a secret. It has to be a regular file of ours or of root, not a link,
 * that nobody else can read.
 *
 * @throws USAGE when it is not, NOT_FOUND, IO
 */
export function readSecretFile(path: string): string {
  const fd = openSecret(path);
  try {
    const { uid, mode, size } = fstatSync(fd);
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    const own = process.getuid?.();
    if (!isFile) throw refused(path, "has to be in a regular file");
    if (size > maxSecretBytes) throw refused(path, "is in a file that is too long for one");
    if (own !== undefined && uid !== own && uid !== 0) throw refused(path, "belongs to somebody else");
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw refused(path, "can be read by others; take that from them with chmod 600");
    }
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

function openSecret(path: string): number {
  try {
    return openSync(pathOf(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (isErrno(thrown, "ELOOP")) throw refused(path, "is behind a link; name the file itself");
    throw namedFileTrouble(thrown, path);
  }
}

function refused(path: string, why: string): SyncError {
  return new SyncError("USAGE", `the secret ${why}`, { detail: { path } });
}
