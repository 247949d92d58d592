import { toHex } from "../bytes/hex.ts";
import { sha256 } from "../chunk/digest.ts";
import type { Bytes } from "../types.ts";
import { type AccessHandle, moveFile, openAccess, writeFully } from "./access-handle.ts";
import { opfsLimits } from "./opfs-limits.ts";

const partsName = "parts";

/**
 * Where files are built until they are complete, each under a name made of its path; what a session
 * leaves, the next one goes on with.
 */
export class Parts {
  readonly #staging: FileSystemDirectoryHandle;
  readonly #directory: FileSystemDirectoryHandle;
  readonly #names: Set<string>;
  /** Parts open for writing, the one used longest ago first. */
  readonly #open = new Map<string, Promise<AccessHandle>>();
  /** How many wait for a part to be open, by its name. */
  readonly #awaited = new Map<string, number>();

  private constructor(
    staging: FileSystemDirectoryHandle,
    directory: FileSystemDirectoryHandle,
    names: Set<string>,
  ) {
    this.#staging = staging;
    this.#directory = directory;
    this.#names = names;
  }

  /** The parts in a folder's private directory. */
  static async open(staging: FileSystemDirectoryHandle): Promise<Parts> {
    const directory = await staging.getDirectoryHandle(partsName, { create: true });
    const names = new Set<string>();
    for await (const name of directory.keys()) names.add(name);
    return new Parts(staging, directory, names);
  }

  /** True when there is one of this path. */
  has(path: string): boolean {
    return this.#names.has(nameOf(path));
  }

  /** Takes in the file of a path that was complete, and then did not come to its place. */
  async takeIn(path: string, file: FileSystemFileHandle): Promise<void> {
    const name = nameOf(path);
    await moveFile(file, this.#directory, name);
    this.#names.add(name);
  }

  /**
   * A part open for reading and writing; good until the next `await`. No more may be asked for at
   * one time than are kept open.
   */
  async open(path: string): Promise<AccessHandle> {
    const name = nameOf(path);
    const opening = this.#open.get(name) ?? this.#make(name).then(openAccess);
    this.#open.delete(name);
    this.#open.set(name, opening);
    this.#await(name, 1);
    try {
      if (this.#open.size > opfsLimits.openPartCount) await this.#closeOldest();
      return await opening;
    } catch (thrown) {
      this.#open.delete(name);
      throw thrown;
    } finally {
      this.#await(name, -1);
    }
  }

  /** Gives a part its final place, with this size and, when it was kept elsewhere, this content. */
  async complete(
    path: string,
    { size, content }: { readonly size: number; readonly content: Bytes | undefined },
    directory: FileSystemDirectoryHandle,
    fileName: string,
  ): Promise<File> {
    const name = nameOf(path);
    await this.#close(name);
    const file = await this.#make(name);
    const handle = await openAccess(file);
    try {
      if (content) writeFully(handle, content, 0);
      handle.truncate(size);
    } finally {
      handle.close();
    }
    await moveFile(file, directory, fileName);
    this.#names.delete(name);
    return file.getFile();
  }

  /** Removes all that is left. */
  async clear(): Promise<void> {
    await this.close();
    this.#names.clear();
    await this.#staging.removeEntry(partsName, { recursive: true });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((name) => this.#close(name)));
  }

  #await(name: string, more: 1 | -1): void {
    const count = (this.#awaited.get(name) ?? 0) + more;
    if (count > 0) this.#awaited.set(name, count);
    else this.#awaited.delete(name);
  }

  /** One that is slow to open may be the oldest while somebody waits for it: that one stays. */
  async #closeOldest(): Promise<void> {
    for (const name of this.#open.keys()) if (!this.#awaited.has(name)) return this.#close(name);
  }

  #make(name: string): Promise<FileSystemFileHandle> {
    this.#names.add(name);
    return this.#directory.getFileHandle(name, { create: true });
  }

  async #close(name: string): Promise<void> {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    const handle = await opening?.catch(() => undefined); // whoever opened it was told
    handle?.close();
  }
}

function nameOf(path: string): string {
  return toHex(sha256(new TextEncoder().encode(path)));
}
