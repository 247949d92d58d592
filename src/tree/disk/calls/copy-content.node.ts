import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import { printPlace, type NameIn } from "./dir-node.node.ts";
import { readFully, writeFully } from "./file-cut.node.ts";
import type { HeldDirs } from "./held-dirs.node.ts";
import { findLibc } from "./libc.node.ts";
import { isZero } from "./zero.node.ts";
import { readFlags } from "../../../bytes/open-flags.node.ts";

/** Bytes copied in one step. */
export const copyBytes = 1024 * 1024;
/** Bytes that become a hole when all of them are zeros. */
const pieceBytes = 64 * 1024;

/**
 * Has a new file share all content of another one. Returns false, and nothing is done, where the
 * file system cannot, or they are on two.
 */
function cloneContent(from: number, to: number): boolean {
  return findLibc()?.cloneRange?.(from, 0, to, 0, 0) ?? false;
}

/** Copies the content of a file, as far as it is not zeros: these become holes. */
export function copyContent(held: HeldDirs, { dir, name }: NameIn, to: number): void {
  const from = held.open(dir, name, readFlags);
  const copy = (): void => {
    if (cloneContent(from, to)) return;
    const block = new Uint8Array(copyBytes);
    for (let at = 0; ;) {
      const part = block.subarray(0, readFully(from, block, at));
      writeRuns(to, part, at);
      if (part.length < block.length) return;
      at += part.length;
    }
  };
  closingAfter(copy, () => fs.closeSync(from));
}

/** Writes those pieces of a part that are not zeros. */
function writeRuns(to: number, part: Uint8Array, at: number): void {
  for (let from = 0; from < part.length; from += pieceBytes) {
    const piece = part.subarray(from, from + pieceBytes);
    if (!isZero(piece)) writeFully(to, piece, at + from);
  }
}

/**
 * Reads a file and what was copied from it, up to where the first ends; what follows in the copy is
 * zeros.
 *
 * @throws IO where they differ
 */
export function checkCopy(held: HeldDirs, file: NameIn, copy: NameIn): void {
  const from = held.open(file.dir, file.name, readFlags);
  closingAfter(
    () => {
      const to = held.open(copy.dir, copy.name, readFlags);
      closingAfter(
        () => {
          if (!hasSameStart(from, to))
            throw new SyncError("IO", "what was copied to another file system is not what was received", {
              detail: { path: printPlace(copy.dir, copy.name) },
            });
        },
        () => fs.closeSync(to),
      );
    },
    () => fs.closeSync(from),
  );
}

function hasSameStart(from: number, to: number): boolean {
  const [wanted, there] = [Buffer.alloc(copyBytes), Buffer.alloc(copyBytes)];
  for (let at = 0; ; at += copyBytes) {
    const length = readFully(from, wanted, at);
    if (readFully(to, there, at) < length || wanted.compare(there, 0, length, 0, length) !== 0) return false;
    if (length < copyBytes) return true;
  }
}
