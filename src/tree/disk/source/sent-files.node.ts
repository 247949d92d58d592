import fs from "node:fs";
import type { Pause } from "../../../bytes/pause.node.ts";
import { SyncError } from "../../../errors.ts";
import { printPlace } from "../calls/dir-node.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { SourceFile } from "./source-file.node.ts";

/**
 * The files and links of a source that go away once they are at the receiver. Memory: some 150
 * bytes each.
 */
export class SentFiles {
  readonly #held: HeldDirs;
  readonly #files: SourceFile[] = [];

  constructor(held: HeldDirs) {
    this.#held = held;
  }

  /** A file or link was listed. What a link leads to stays, and so does that link. */
  add(file: SourceFile): void {
    if (file.isBehindLink !== true) this.#files.push(file);
  }

  /** Removes all that are as they were listed. What cannot be removed is told. */
  async remove(pause: Pause, onTrouble: (error: SyncError) => void): Promise<void> {
    for (const file of this.#files.splice(0)) {
      try {
        this.#remove(file);
      } catch (thrown) {
        onTrouble(fileTrouble(thrown, printPlace(file.dir, file.name)));
      }
      if (pause.due()) await pause.take();
    }
  }

  #remove(file: SourceFile): void {
    const { dir, name } = file;
    const now = this.#held.look(dir, name);
    if (!now) return;
    const isSame =
      now.inode === file.inode &&
      now.mtimeSec === file.mtimeSec &&
      now.mtimeNsec === file.mtimeNsec &&
      (now.kind === "symlink" || now.size === file.size);
    if (!isSame)
      throw new SyncError("CHANGED", "a file changed after it was sent, so it was not removed", {
        detail: { path: printPlace(dir, name) },
      });
    this.#held.writeIn(dir, () => fs.unlinkSync(this.#held.at(dir, name)));
  }
}
