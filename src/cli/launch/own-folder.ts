import { lstatSync, type Stats } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What others may do with a file whose mode has one of these bits: write to it. */
const writableByOthers = 0o022;

/**
 * Returns the folder of the program for what can be made again: `rsync-stream` in
 * `XDG_CACHE_HOME`, `~/.cache` unless set (the XDG Base Directory Specification), `LOCALAPPDATA`
 * on Windows. It need not be there.
 *
 * @throws what the system says where there is no home
 */
export function cacheFolder(): string {
  const named = process.env[process.platform === "win32" ? "LOCALAPPDATA" : "XDG_CACHE_HOME"];
  return join(named && isAbsolute(named) ? named : join(homedir(), ".cache"), "rsync-stream");
}

/** True of a directory, and no link to one, that only its owner, who is this user, can write to. */
export function isPrivateFolder(path: string): boolean {
  const stats = lstatSync(path);
  return stats.isDirectory() && isPrivate(stats);
}

/** True of what is this user's, and nobody else's to write to. Windows has no such modes. */
export function isPrivate(stats: Stats): boolean {
  return isOwn(stats) && (process.geteuid === undefined || (stats.mode & writableByOthers) === 0);
}

/** True of what is this user's, and of everything on Windows, where owners have no numbers. */
export function isOwn({ uid }: Stats): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}
