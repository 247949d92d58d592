import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { SyncError } from "../../../errors.ts";
import { copyBytes } from "../calls/copy-content.node.ts";
import { printPlace, type NameIn } from "../calls/dir-node.node.ts";
import { readFully } from "../calls/file-cut.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { lookAtHandle } from "../calls/look-at.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { writeDiffering } from "../calls/write-differing.node.ts";
import { changeFlags } from "../../../bytes/open-flags.node.ts";

const { O_NOFOLLOW, O_RDONLY } = fs.constants;

/**
 * Writes the content of a complete file into one that is there, and only where that differs.
 *
 * @param there what was seen at its name
 * @param then sets the metadata of the open file
 * @throws CHANGED when another file is there
 */
export function writeInPlace(
  held: HeldDirs,
  from: NameIn,
  to: NameIn & { readonly size: number },
  there: FileStats,
  then: (fd: number) => void,
): void {
  const source = held.open(from.dir, from.name, O_RDONLY | O_NOFOLLOW);
  closingAfter(
    () => {
      const target = held.open(to.dir, to.name, changeFlags);
      closingAfter(
        () => {
          const now = lookAtHandle(target);
          if (now.device !== there.device || now.inode !== there.inode || now.kind !== "file")
            throw new SyncError("CHANGED", "another file is there now", {
              detail: { path: printPlace(to.dir, to.name) },
            });
          copyDiffering(source, target, to.size);
          fs.ftruncateSync(target, to.size);
          then(target);
        },
        () => fs.closeSync(target),
      );
    },
    () => fs.closeSync(source),
  );
}

function copyDiffering(from: number, to: number, size: number): void {
  const wanted = Buffer.alloc(copyBytes);
  for (let at = 0; at < size; at += copyBytes) {
    // What is behind the end of a file that was not written to is zeros.
    wanted.fill(0, readFully(from, wanted, at));
    writeDiffering(to, wanted.subarray(0, size - at), at);
  }
}
