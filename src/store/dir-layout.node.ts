import { lstatSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../bytes/errno.node.ts";
import { toHex } from "../bytes/hex.ts";
import { SyncError } from "../errors.ts";
import { fileCall } from "./io-error.node.ts";
import { makeDirs } from "../bytes/make-dirs.node.ts";

/**
 * Where a store in a directory keeps what.
 *
 *     format                 one line: which layout this is
 *     chunks/ab/ab12..       one file for each chunk, named by all 64 digits of its id
 *     tmp/host.pid.nonce     being written
 *     damaged/ab12..         chunks that were found not to match their id
 */
export interface DirLayout {
  readonly root: string;
  readonly chunks: string;
  readonly damaged: string;
  /** The place of the chunk with this name. */
  chunkPath(name: string): string;
  /** A new path for a file that is being written. */
  temporaryPath(): string;
}

const formatLine = "rsync-stream store 1\n";
/** A writer needs far less for one chunk; a file this old whose process is gone was left behind. */
export const deadWriterMs = 60_000;
/**
 * What this old is left behind even when its process cannot be asked, or its number was given to
 * another.
 */
export const anyWriterMs = 86_400_000;

/**
 * Makes the directories of a store where they are missing and removes what dead writers left
 * behind.
 *
 * @throws USAGE when the directory holds something else; UNSUPPORTED for a layout that this version
 *   does not know; PATH, NO_SPACE, IO
 */
export function openLayout(root: string): DirLayout {
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(8)));
  const writer = `${hostname()}.${process.pid}.${nonce}`;
  const tmp = join(root, "tmp");
  const chunks = join(root, "chunks");
  const damaged = join(root, "damaged");
  let count = 0;

  makeDirs(root, 0o700);
  fileCall(root, () => {
    claim(root, writer);
    for (const path of [chunks, tmp, damaged]) makeDirs(path);
    sweep(tmp);
  });

  return {
    root,
    chunks,
    damaged,
    chunkPath: (name) => join(chunks, name.slice(0, 2), name),
    temporaryPath: () => join(tmp, `${writer}-${count++}`),
  };
}

/**
 * Marks the directory as a store, or checks the mark. Processes that come at the same time do no
 * harm.
 */
function claim(root: string, writer: string): void {
  const path = join(root, "format");
  const found = readFormat(path);
  if (found === formatLine) return;
  if (found !== undefined) {
    throw new SyncError("UNSUPPORTED", `unknown store format ${JSON.stringify(found.slice(0, 40))}`, {
      detail: { path },
    });
  }
  const foreign = readdirSync(root).find((name) => !name.startsWith("format") && name !== "lost+found");
  if (foreign !== undefined && readFormat(path) === undefined) {
    throw new SyncError("USAGE", "the directory is neither empty nor a store", { detail: { path: root } });
  }
  const temporary = `${path}.${writer}`;
  try {
    writeFileSync(temporary, formatLine, { flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function readFormat(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function sweep(tmp: string): void {
  for (const name of readdirSync(tmp)) {
    const path = join(tmp, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) continue;
    const limitMs = isWriterGone(name) ? deadWriterMs : anyWriterMs;
    if (Date.now() - stat.mtimeMs > limitMs) rmSync(path, { force: true });
  }
}

/** True when the process that made this temporary file ran on this machine and runs no more. */
function isWriterGone(name: string): boolean {
  const match = /^(.*)\.(\d+)\.[^.]*$/.exec(name);
  if (match?.[1] !== hostname()) return false;
  try {
    process.kill(Number(match[2]), 0);
    return false;
  } catch (error) {
    return errnoOf(error) === "ESRCH";
  }
}
