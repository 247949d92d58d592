import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { SyncError } from "../../errors.ts";
import { isErrno } from "../../tree/disk/calls/file-trouble.node.ts";
import { namedFileTrouble } from "./named-file.ts";

/** What a file has to be before it is believed. */
export interface OwnFileRule {
  /** What messages call its content: `the secret`. */
  readonly subject: string;
  /** What others may not do with it. */
  readonly others: "read" | "write";
  /** True when a link may lead to it. */
  readonly followLinks?: boolean;
}

const maxOwnBytes = 1 << 20;
const otherModes = { read: 0o077, write: 0o022 };
const mendings = { read: "chmod 600", write: "chmod go-w" };

/**
 * Reads a regular file of ours or of root's that others cannot read, or not write.
 *
 * @throws USAGE when it is not one, NOT_FOUND, IO
 */
export function readOwnFile(path: string, rule: OwnFileRule): string {
  const refused = (why: string) => new SyncError("USAGE", `${rule.subject} ${why}`, { detail: { path } });
  const fd = open(path, rule, refused);
  try {
    const { uid, mode, size } = fstatSync(fd);
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    const own = process.getuid?.();
    if (!isFile) throw refused("has to be in a regular file");
    if (size > maxOwnBytes) throw refused("is in a file that is too long for one");
    if (own !== undefined && uid !== own && uid !== 0) throw refused("belongs to somebody else");
    if (process.platform !== "win32" && (mode & otherModes[rule.others]) !== 0)
      throw refused(
        `can be ${rule.others === "read" ? "read" : "written"} by others; take that from them with ${mendings[rule.others]}`,
      );
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

function open(path: string, { followLinks }: OwnFileRule, refused: (why: string) => SyncError): number {
  const links = followLinks === true ? 0 : constants.O_NOFOLLOW;
  try {
    return openSync(pathOf(path), constants.O_RDONLY | constants.O_NONBLOCK | links);
  } catch (thrown) {
    if (isErrno(thrown, "ELOOP")) throw refused("is behind a link; name the file itself");
    throw namedFileTrouble(thrown, path);
  }
}
