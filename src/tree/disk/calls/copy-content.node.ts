import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import type { NameIn } from "./dir-node.node.ts";
import { readFully, writeFully } from "./file-cut.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import { findLibc } from "./libc.node.ts";
import { isZero } from "./zero.node.ts";

/** Bytes copied in one step. */
export const copyBytes = 1024 * 1024;

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/**
 * Has a new file share all content of another one. Returns false, and nothing is done, where the
 * file system cannot, or they are on two.
 */
export function cloneContent(from: number, to: number): boolean {
  return findLibc()?.clone?.(from, to) ?? false;
}

/** Copies the content of a file, as far as it is not zeros: these become holes. */
export function copyContent(held: HeldDirs, { dir, name }: NameIn, to: number): void {
  const from = held.open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const copy = (): void => {
    if (cloneContent(from, to)) return;
    const block = new Uint8Array(copyBytes);
    for (let at = 0; ;) {
      const part = block.subarray(0, readFully(from, block, at));
      if (!isZero(part)) writeFully(to, part, at);
      if (part.length < block.length) return;
      at += part.length;
    }
  };
  closingAfter(copy, () => fs.closeSync(from));
}
