import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import { type ByteString, fromByteString, type NativePath, toByteString } from "../calls/byte-string.node.ts";
import { type DirNode, isSameVolume, type NameIn } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { describeIdentity } from "../calls/place-identity.node.ts";
import { otherPathsTo, readMounts } from "../facts/mounts.node.ts";

/**
 * A source of which files are removed when they have arrived. Where they would arrive in the source
 * itself that would remove all there is of them.
 */
export class RemovedSource {
  readonly #identity: string;
  readonly #isWhole: boolean;

  /** @param description its identity, with a slash where all that is in it may be removed */
  constructor(description: string) {
    this.#isWhole = description.endsWith("/");
    this.#identity = description.replace(/\/$/, "");
  }

  /** @throws USAGE for a destination that is the source, or lies in it */
  checkRoot(held: HeldDirs): void {
    if (this.#isWhole) this.checkAround(held, held.root);
    else this.check(held.lookAtDir(held.root));
  }

  /** @throws USAGE for the source itself */
  check(there: Pick<FileStats, "device" | "inode">): void {
    if (describeIdentity(there) === this.#identity) throw isSource();
  }

  /**
   * The same of what stands at a name, and of a part of the source that is mounted there.
   *
   * @throws USAGE
   */
  checkAt(held: HeldDirs, { dir, name }: NameIn, there: FileStats): void {
    this.check(there);
    if (isSameVolume(dir.top.volume, there)) return;
    this.#checkPath(`${realPath(held.pathTo(dir))}/${name}`);
  }

  /** @throws USAGE for a directory that is the source or lies in it */
  checkAround(held: HeldDirs, dir: DirNode): void {
    this.#checkPath(realPath(held.pathTo(dir)));
  }

  #checkPath(path: ByteString): void {
    for (const each of [path, ...otherPathsTo(path, readMounts())])
      for (let end = each.length; end > 0; end = each.lastIndexOf("/", end - 1)) {
        const identity = identityAt(each.slice(0, end));
        if (identity) this.check(identity);
      }
  }
}

/** Undefined for what is hidden by another mount, or from this user. */
function identityAt(path: ByteString): Pick<FileStats, "device" | "inode"> | undefined {
  try {
    const { dev, ino } = fs.statSync(fromByteString(path), { bigint: true });
    return { device: Number(dev), inode: Number(ino) };
  } catch (thrown) {
    if (isErrno(thrown)) return undefined;
    throw thrown;
  }
}

function realPath(path: NativePath): ByteString {
  return toByteString(fs.realpathSync.native(path, "buffer"));
}

function isSource(): SyncError {
  return new SyncError("USAGE", "what is removed at the source would be what has arrived: it is in SRC");
}
