import { lstat, mkdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { SyncError } from "../errors.ts";

/** Where content waits that is not complete, in the directory that becomes a bucket. */
export const uploadsName = ".rsync-stream-uploads";

/** Bytes of a name, which file systems bound so. */
const mostNameBytes = 255;

/** The names that a key stands for. @throws PATH for a key that no file can have */
export function namesOf(key: string): readonly string[] {
  const names = key.replace(/\/$/, "").split("/");
  const bad = names.find(
    (name) =>
      name === "" ||
      name === "." ||
      name === ".." ||
      name.includes("\0") ||
      (sep === "\\" && /[\\:]/.test(name)) ||
      Buffer.byteLength(name) > mostNameBytes,
  );
  if (bad !== undefined || names[0] === uploadsName) throw noPath(key, "no file can have this key");
  return names;
}

/**
 * The path of a key below a directory. Links on the way are not followed: they may lead out of it.
 *
 * @throws PATH
 */
export async function placeOf(root: string, key: string, isMade = false): Promise<string> {
  const names = namesOf(key);
  let path = root;
  for (const name of names.slice(0, -1)) {
    path = join(path, name);
    if (!(await isDirectory(path, key)) && isMade) await makeDirectory(path);
  }
  return join(path, names.at(-1)!);
}

/** True for a directory, false where nothing is. @throws PATH for anything else */
export async function isDirectory(path: string, key: string): Promise<boolean> {
  try {
    if ((await lstat(path)).isDirectory()) return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
  throw noPath(key, "something that is no directory is in the way");
}

/** Makes a directory, unless it is there by now. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
  });
}

/** True when a call says that nothing is there. */
export function isMissing(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The error for a key that cannot be where it should. */
export function noPath(path: string, message: string): SyncError {
  return new SyncError("PATH", message, { detail: { path } });
}
