import { moveFile } from "./access-handle.ts";
import { noneFor, type OpfsDir, pathIn } from "./opfs-folder.ts";
import type { Parts } from "./parts.ts";

const replacementsName = "replacements";
const noneIfGone = noneFor("NotFoundError");

/** A directory that is to stand where a file stands now. */
interface Replacement {
  readonly entry: number;
  readonly parent: OpfsDir;
  readonly name: string;
  readonly aside: FileSystemDirectoryHandle;
}

/** How one of them fared. */
export interface Replaced {
  readonly entry: number;
  readonly path: string;
  readonly trouble?: unknown;
}

/**
 * Directories that come in place of files: built aside until all is here, so that a session that
 * breaks off takes nothing away. Each lies under its path, which tells the next session for which
 * files it can use what is in there.
 */
export class Replacements {
  readonly #staging: FileSystemDirectoryHandle;
  readonly #begun: Replacement[] = [];

  private constructor(staging: FileSystemDirectoryHandle) {
    this.#staging = staging;
  }

  /**
   * @param staging a folder's private directory
   * @param parts takes in the files of a session that broke off
   */
  static async open(staging: FileSystemDirectoryHandle, parts: Parts): Promise<Replacements> {
    const replacements = new Replacements(staging);
    const handle = await replacements.#all().catch(noneIfGone);
    if (handle) await takeAll({ handle, path: "", isNew: false }, parts);
    await replacements.#clear();
    return replacements;
  }

  /** A new directory that will take the place of the file of this name. */
  async begin(entry: number, parent: OpfsDir, name: string): Promise<OpfsDir> {
    const path = pathIn(parent, name);
    let aside = await this.#all({ create: true });
    for (const each of path.split("/")) aside = await aside.getDirectoryHandle(each, { create: true });
    this.#begun.push({ entry, parent, name, aside });
    return { handle: aside, path, isNew: true };
  }

  /** Puts all of them in their places. One that cannot get there waits for the next session. */
  async *finish(): AsyncGenerator<Replaced> {
    let areAllPut = true;
    for (const replacement of this.#begun.splice(0)) {
      const { entry, parent, name } = replacement;
      const path = pathIn(parent, name);
      try {
        await put(replacement);
        yield { entry, path };
      } catch (trouble) {
        areAllPut = false;
        yield { entry, path, trouble };
      }
    }
    if (areAllPut) await this.#clear();
  }

  #all(options?: FileSystemGetDirectoryOptions): Promise<FileSystemDirectoryHandle> {
    return this.#staging.getDirectoryHandle(replacementsName, options);
  }

  async #clear(): Promise<void> {
    await this.#staging.removeEntry(replacementsName, { recursive: true }).catch(noneIfGone);
  }
}

async function put({ parent, name, aside }: Replacement): Promise<void> {
  await parent.handle.removeEntry(name).catch(noneIfGone);
  await moveAll(aside, await parent.handle.getDirectoryHandle(name, { create: true }));
}

async function moveAll(from: FileSystemDirectoryHandle, to: FileSystemDirectoryHandle): Promise<void> {
  for (const found of await listed(from)) {
    const { name } = found;
    if (found instanceof FileSystemFileHandle) await moveFile(found, to, name);
    else
      await moveAll(await from.getDirectoryHandle(name), await to.getDirectoryHandle(name, { create: true }));
  }
}

async function takeAll(from: OpfsDir, parts: Parts): Promise<void> {
  for (const found of await listed(from.handle)) {
    const { name } = found;
    const path = pathIn(from, name);
    if (found instanceof FileSystemFileHandle) await parts.takeIn(path, found);
    else await takeAll({ handle: await from.handle.getDirectoryHandle(name), path, isNew: false }, parts);
  }
}

/** All that is in a directory: moving some of it away would confuse who goes through it. */
async function listed(dir: FileSystemDirectoryHandle): Promise<FileSystemHandle[]> {
  const found: FileSystemHandle[] = [];
  for await (const handle of dir.values()) found.push(handle);
  return found;
}
