import { moveFile } from "./access-handle.ts";
import { lookAt, type OpfsDir, pathIn } from "./opfs-folder.ts";

const replacementsName = "replacements";

/** A directory that is to stand where a file stands now. */
interface Replacement {
  readonly parent: OpfsDir;
  readonly name: string;
  readonly aside: FileSystemDirectoryHandle;
}

/** Directories that come in place of files: built aside until all is here, so that a session that breaks off takes nothing away. */
export class Replacements {
  readonly #staging: FileSystemDirectoryHandle;
  readonly #begun: Replacement[] = [];
  #count = 0;

  private constructor(staging: FileSystemDirectoryHandle) {
    this.#staging = staging;
  }

  /** @param staging a folder's private directory */
  static async open(staging: FileSystemDirectoryHandle): Promise<Replacements> {
    const replacements = new Replacements(staging);
    await replacements.#clear(); // of a session that broke off
    return replacements;
  }

  /** A new directory that will take the place of the file of this name. */
  async begin(parent: OpfsDir, name: string): Promise<OpfsDir> {
    const number = this.#count++;
    const all = await this.#staging.getDirectoryHandle(replacementsName, { create: true });
    const aside = await all.getDirectoryHandle(String(number), { create: true });
    this.#begun.push({ parent, name, aside });
    return { handle: aside, path: pathIn(parent, name), isNew: true };
  }

  /** Puts all of them in their places. */
  async finish(): Promise<void> {
    for (const { parent, name, aside } of this.#begun.splice(0)) {
      await parent.handle.removeEntry(name);
      await moveAll(aside, await parent.handle.getDirectoryHandle(name, { create: true }));
    }
    await this.#clear();
  }

  async #clear(): Promise<void> {
    for await (const name of this.#staging.keys()) {
      if (name === replacementsName) await this.#staging.removeEntry(name, { recursive: true });
    }
  }
}

async function moveAll(from: FileSystemDirectoryHandle, to: FileSystemDirectoryHandle): Promise<void> {
  const names: string[] = [];
  for await (const name of from.keys()) names.push(name);
  for (const name of names) {
    const found = await lookAt({ handle: from, path: "", isNew: false }, name, "file");
    if (found.kind === "dir")
      await moveAll(found.handle, await to.getDirectoryHandle(name, { create: true }));
    else await moveFile(await from.getFileHandle(name), to, name);
  }
}
