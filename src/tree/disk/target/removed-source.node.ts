import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import { fromByteString, toByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { describeIdentity } from "../calls/place-identity.node.ts";

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

  /** @throws USAGE for a directory that is the source or lies in it */
  checkAround(held: HeldDirs, dir: DirNode): void {
    const path = toByteString(fs.realpathSync.native(held.pathTo(dir), "buffer"));
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const { dev, ino } = fs.statSync(fromByteString(path.slice(0, end)), { bigint: true });
      this.check({ device: Number(dev), inode: Number(ino) });
    }
  }
}

function isSource(): SyncError {
  return new SyncError("USAGE", "what is removed at the source would be what has arrived: it is in SRC");
}
