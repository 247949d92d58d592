import { decodeByteText, decodeUtf8 } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** A directory of a folder that is received into. */
export interface OpfsDir {
  readonly handle: FileSystemDirectoryHandle;
  /** From the top, with slashes; empty for the top itself. */
  readonly path: string;
  /** True when it was made in this session, so that nothing can be in it yet. */
  readonly isNew: boolean;
}

/**
 * What stands at a name; of a directory also whether anything is in it, unless a directory was
 * looked for.
 */
export type OpfsStanding =
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly file: File }
  | { readonly kind: "dir"; readonly handle: FileSystemDirectoryHandle; readonly isEmpty?: boolean };

/** Looks at a name, first for what is most likely there. */
export async function lookAt(
  { handle, isNew }: OpfsDir,
  name: string,
  likely: "file" | "dir",
): Promise<OpfsStanding> {
  if (isNew) return { kind: "none" };
  const [first, second] = likely === "file" ? [fileIn, dirIn] : [dirIn, fileIn];
  try {
    const found = (await first(handle, name)) ?? (await second(handle, name))!;
    if (found.kind !== "dir" || likely === "dir") return found;
    return { ...found, isEmpty: (await found.handle.keys().next()).done === true };
  } catch (thrown) {
    if (isNamed(thrown, "NotFoundError")) return { kind: "none" };
    throw thrown;
  }
}

async function fileIn(dir: FileSystemDirectoryHandle, name: string): Promise<OpfsStanding | undefined> {
  const handle = await dir.getFileHandle(name).catch(noneFor("TypeMismatchError"));
  return handle && { kind: "file", file: await handle.getFile() };
}

async function dirIn(dir: FileSystemDirectoryHandle, name: string): Promise<OpfsStanding | undefined> {
  const handle = await dir.getDirectoryHandle(name).catch(noneFor("TypeMismatchError"));
  return handle && { kind: "dir", handle };
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
  const text = decodeUtf8(name);
  if (text !== undefined) return text;
  const detail = { path: decodeByteText(name) };
  throw new SyncError("PATH", "a browser keeps only names that are UTF-8", { detail });
}

/** For `catch`: makes an error of this name nothing. */
export function noneFor(name: string): (thrown: unknown) => undefined {
  return (thrown) => {
    if (!isNamed(thrown, name)) throw thrown;
  };
}

function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof Error && thrown.name === name;
}
