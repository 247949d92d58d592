import { createHash } from "node:crypto";
import { SyncError } from "../../../errors.ts";
import { type ByteString, printPath, placeBytes, type PlacePath } from "../calls/byte-string.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { SideDir } from "./side-dir.node.ts";
import { removeDeadStaging, StagingRoom } from "./staging-room.node.ts";

/** Where the content of new files is written. */
export interface TempDirOptions {
  /**
   * The directory that the content of new files is written in until it is complete; relative to the
   * destination, which has one of its own unless given. It has to be there.
   */
  readonly tempDir?: PlacePath | undefined;
}

/** Hex digits of the name of a room, which tell for which destination it is. */
const nameDigits = 16;

/** A directory that several destinations may write the content of their new files in. */
export class TempDir {
  readonly #tree: HeldDirs;
  readonly #side: SideDir;

  private constructor(tree: HeldDirs, side: SideDir) {
    this.#tree = tree;
    this.#side = side;
  }

  /** Returns undefined where none was asked for. @throws NOT_FOUND for one that is not there */
  static of(tree: HeldDirs, { tempDir }: TempDirOptions): TempDir | undefined {
    if (tempDir === undefined) return undefined;
    const side = new SideDir({ held: tree, rootPath: tree.rootPath }, tempDir);
    if (side.dirFor(tree.root)) return new TempDir(tree, side);
    throw new SyncError("NOT_FOUND", "there is no such directory for temporary files", {
      detail: { path: printPath(placeBytes(tempDir)) },
    });
  }

  /** True for this directory, in which nothing is deleted. */
  is(stats: FileStats): boolean {
    return this.#side.is(stats);
  }

  /**
   * Opens the room in it that belongs to this destination.
   *
   * @param part the part of a tree that is received, beside others
   * @throws LOCKED while another session has it
   */
  openRoom(part = ""): StagingRoom {
    return new StagingRoom(this.#tree, this.#side.dirFor(this.#tree.root)!, this.#roomOf(part));
  }

  /**
   * Removes what a session that did not come to its end left in that room. Does nothing while
   * another one has it.
   */
  removeDead(part = ""): void {
    const inner = this.#roomOf(part);
    removeDeadStaging(this.#tree, this.#side.dirFor(this.#tree.root)!, { inner });
  }

  #roomOf(part: string): ByteString {
    const hash = createHash("sha256").update(`${part}\0${this.#tree.rootPath}`, "latin1");
    return `for-${hash.digest("hex").slice(0, nameDigits)}`;
  }

  close(): void {
    this.#side.close();
  }
}
