import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import type { Order } from "../../order/order.ts";
import { isUnsafeLink } from "../../plan/unsafe-link.ts";
import { toByteString, type ByteString } from "../calls/byte-string.node.ts";
import { depthOf, printPlace, type DirNode } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { O_PATH, type HeldDirs } from "../calls/held-dirs.node.ts";

/** Which links are sent as what they lead to. */
export type FollowOptions = Pick<Order, "copyDirLinks" | "copyLinks" | "copyUnsafeLinks">;

/** Says of links of a source what is sent in their place. */
export class FollowedLinks {
  readonly #held: HeldDirs;
  readonly #options: FollowOptions;
  readonly #topDepth: number;

  /** @param topDepth names of the tree before those in the root */
  constructor(held: HeldDirs, options: FollowOptions, topDepth: number) {
    this.#held = held;
    this.#options = options;
    this.#topDepth = topDepth;
  }

  /**
   * What a link leads to; undefined for one that is sent as a link.
   *
   * @throws IO for one that leads nowhere, or to a directory that it lies in
   */
  lookBehind(dir: DirNode, name: ByteString): FileStats | undefined {
    const { copyDirLinks = false, copyLinks = false } = this.#options;
    const isFollowed = copyLinks || this.#isUnsafe(dir, name);
    if (!isFollowed && !copyDirLinks) return undefined;
    const stats = lookBehindLink(this.#held, dir, name);
    if (!isFollowed && stats?.kind !== "dir") return undefined;
    if (!stats) throw trouble("a link leads nowhere", dir, name);
    if (stats.kind === "dir" && this.#isAround(stats, dir))
      throw trouble("a link leads to a directory that it lies in", dir, name);
    return stats;
  }

  #isUnsafe(dir: DirNode, name: ByteString): boolean {
    if (this.#options.copyUnsafeLinks !== true) return false;
    const target = this.#held.readLink(dir, name);
    return isUnsafeLink(toByteString(target), depthOf(dir) + this.#topDepth);
  }

  #isAround({ device, inode }: FileStats, dir: DirNode): boolean {
    for (let around: DirNode | undefined = dir; around; around = around.parent) {
      const stats = this.#held.lookAtDir(around);
      if (stats.device === device && stats.inode === inode) return true;
    }
    return false;
  }
}

/** What a link leads to; undefined where that is nothing. */
export function lookBehindLink(held: HeldDirs, dir: DirNode, name: ByteString): FileStats | undefined {
  try {
    const fd = fs.openSync(held.at(dir, name), O_PATH | fs.constants.O_NONBLOCK);
    return closingAfter(
      () => lookAtHandle(fd),
      () => fs.closeSync(fd),
    );
  } catch (thrown) {
    if (isErrno(thrown, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw thrown;
  }
}

function trouble(message: string, dir: DirNode, name: ByteString): SyncError {
  return new SyncError("IO", message, { detail: { path: printPlace(dir, name) } });
}
