import { SyncError } from "../errors.ts";
import { domTrouble } from "../store/dom-trouble.ts";
import type { Bytes } from "../types.ts";

/** A directory of a folder that is received into. */
export interface OpfsDir {
  readonly handle: FileSystemDirectoryHandle;
  /** From the top, with slashes; empty for the top itself. */
  readonly path: string;
  /** True when it was made in this session, so that nothing can be in it yet. */
  readonly isNew: boolean;
}

/** Goes into a directory, which is made when it is not there; a file in its place is removed. @throws what the browser throws */
export async function enterDir(parent: OpfsDir, name: string): Promise<OpfsDir> {
  const path = pathIn(parent, name);
  if (!parent.isNew) {
    const found = await parent.handle
      .getDirectoryHandle(name)
      .catch(noneFor("NotFoundError", "TypeMismatchError"));
    if (found) return { handle: found, path, isNew: false };
    await parent.handle.removeEntry(name).catch(noneFor("NotFoundError"));
  }
  return { handle: await parent.handle.getDirectoryHandle(name, { create: true }), path, isNew: true };
}

/**
 * The file of this name, if there is one; an empty directory in its place is removed.
 *
 * @throws IO when a directory is there that is not empty
 */
export async function findFile({ handle, isNew }: OpfsDir, name: string): Promise<File | undefined> {
  if (isNew) return undefined;
  try {
    return await (await handle.getFileHandle(name)).getFile();
  } catch (thrown) {
    if (isNamed(thrown, "NotFoundError")) return undefined;
    if (!isNamed(thrown, "TypeMismatchError")) throw thrown;
  }
  await handle.removeEntry(name).catch((cause: unknown) => {
    if (!isNamed(cause, "InvalidModificationError")) throw cause;
    throw new SyncError("IO", "a directory that is not empty is in the way", { cause });
  });
  return undefined;
}

/** The file at a path, if there is one. */
export async function fileAt(top: FileSystemDirectoryHandle, path: string): Promise<File | undefined> {
  const names = path.split("/");
  const last = names.pop()!;
  try {
    let dir = top;
    for (const name of names) dir = await dir.getDirectoryHandle(name);
    return await (await dir.getFileHandle(last)).getFile();
  } catch {
    return undefined;
  }
}

/** The path of a name in a directory. */
export function pathIn({ path }: OpfsDir, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** A name as the browser takes it. @throws PATH for one that is no text */
export function textName(name: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  } catch (cause) {
    const path = new TextDecoder().decode(name);
    throw new SyncError("PATH", "a browser keeps only names that are UTF-8", { cause, detail: { path } });
  }
}

/** For `catch`: makes errors of these names nothing. */
function noneFor(...names: readonly string[]): (thrown: unknown) => undefined {
  return (thrown) => {
    if (!names.some((name) => isNamed(thrown, name))) throw domTrouble(thrown);
  };
}

function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof Error && thrown.name === name;
}
