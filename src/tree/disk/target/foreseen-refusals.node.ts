import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import type { Outcome } from "../../plan/comparison.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import { type DirNode, type NameIn, printPlace } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { forbidsOwnerToWrite } from "../calls/owner-rights.node.ts";

/** What would be done to a name. */
interface ForeseenChange extends NameIn {
  readonly kind: FileStats["kind"];
  readonly outcome: Outcome | "deleted";
  /** Whose what stands there is; undefined where nothing does. */
  readonly owner: number | undefined;
}

/** What the system says to who may not write in a directory. */
type Refusal = "EACCES" | "EPERM" | "EROFS";

const words: Readonly<Record<Refusal, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
};

const stickyBit = 0o1000;

/**
 * What the system would refuse, as far as modes, owners and mounts tell it: nothing is tried. A
 * directory of this user that forbids its owner to write refuses nothing: it is changed for that.
 */
export class ForeseenRefusals {
  readonly #held: HeldDirs;
  readonly #user = process.geteuid?.();
  readonly #isMadeElsewhere: boolean;
  readonly #inDirs = new Map<DirNode, Refusal | undefined>();

  /** @param isMadeElsewhere true where files are made in a directory that is outside of the tree */
  constructor(held: HeldDirs, isMadeElsewhere = false) {
    this.#held = held;
    this.#isMadeElsewhere = isMadeElsewhere;
  }

  /** @throws IO for a change that this user cannot make */
  check(change: ForeseenChange): void {
    const { dir, name, outcome } = change;
    const refusal = outcome === "touched" ? this.#ofSetting(change) : this.#ofWriting(change);
    if (refusal === undefined) return;
    const path = name === "." ? "" : printPlace(dir, name);
    throw new SyncError("IO", `${refusal}: ${words[refusal]}`, { detail: { path } });
  }

  /** Modes and times are their owner's to set. */
  #ofSetting({ dir, name, kind, owner }: ForeseenChange): Refusal | undefined {
    const isRefused = kind === "dir" ? this.#isReadOnly(dir, name) : this.#in(dir) === "EROFS";
    if (isRefused) return "EROFS";
    return this.#isOther(owner) ? "EPERM" : undefined;
  }

  /** What is no directory is made beside where its file system begins, and moved. */
  #ofWriting({ dir, kind, owner }: ForeseenChange): Refusal | undefined {
    const usesTop = kind !== "dir" && !this.#isMadeElsewhere;
    const refusal = this.#in(dir) ?? (usesTop ? this.#in(dir.top) : undefined);
    if (refusal !== undefined || dir.isNew || !this.#isOther(owner)) return refusal;
    const around = this.#held.lookAtDir(dir);
    return (around.mode & stickyBit) !== 0 && this.#isOther(around.owner) ? "EPERM" : undefined;
  }

  /** Another file system may be mounted at a directory than what is around it is on. */
  #isReadOnly(dir: DirNode, name: ByteString): boolean {
    try {
      fs.accessSync(this.#held.at(dir, name), fs.constants.W_OK);
      return false;
    } catch (thrown) {
      return isErrno(thrown, "EROFS");
    }
  }

  #isOther(owner: number | undefined): boolean {
    return owner !== undefined && this.#user !== undefined && this.#user !== 0 && owner !== this.#user;
  }

  #in(dir: DirNode): Refusal | undefined {
    if (dir.isNew) return undefined; // what is around it was asked before
    if (!this.#inDirs.has(dir)) this.#inDirs.set(dir, this.#find(dir));
    return this.#inDirs.get(dir);
  }

  #find(dir: DirNode): Refusal | undefined {
    try {
      fs.accessSync(this.#held.pathTo(dir), fs.constants.W_OK | fs.constants.X_OK);
      return undefined;
    } catch (thrown) {
      if (isErrno(thrown, "EROFS")) return "EROFS";
      const isOpened = forbidsOwnerToWrite(this.#held.lookAtDir(dir));
      return isErrno(thrown, "EACCES") && !isOpened ? "EACCES" : undefined;
    }
  }
}
