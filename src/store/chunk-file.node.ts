import {
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errnoOf } from "../bytes/errno.node.ts";
import { readFlags } from "../bytes/open-flags.node.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { ioError } from "./io-error.node.ts";
import { makeDirs } from "../bytes/make-dirs.node.ts";

/** Bytes of the largest chunk that a store in a directory takes. */
export const maxStoredChunkBytes = 16_777_216;

/** A link, a bad spot on the medium: with these the file itself is at fault. */
const unreadable = new Set(["ELOOP", "EIO"]);

/**
 * Reads a whole chunk file; nothing says yet that its bytes are right.
 *
 * @throws NOT_FOUND; CORRUPT when it cannot be a chunk: not a plain file, too large, unreadable; IO
 */
export function readChunkFile(path: string): Bytes {
  try {
    const file = openSync(path, readFlags);
    try {
      const stat = fstatSync(file);
      if (!stat.isFile() || stat.size > maxStoredChunkBytes) throw notAChunk(path);
      // What is not read into is not given out, so it need not be cleared.
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(stat.size).buffer);
      return bytes.subarray(0, readAll(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    throw unreadable.has(errnoOf(thrown) ?? "") ? notAChunk(path) : ioError(thrown, path);
  }
}

/**
 * Writes a file that is complete as soon as it has its name; when that fails nothing is left of it.
 * Without `durable` all is done when the call returns its promise.
 *
 * @param temporary a new name on the same file system
 * @param durable true when file and name must outlive a power cut once the promise resolves
 * @throws NO_SPACE, IO
 */
export async function writeChunkFile(
  path: string,
  temporary: string,
  bytes: Bytes,
  durable: boolean,
): Promise<void> {
  try {
    const file = openSync(temporary, "wx");
    try {
      writeAll(file, bytes);
      if (durable) await promisify(fdatasync)(file);
    } finally {
      closeSync(file);
    }
    renameMakingDirectory(temporary, path);
    if (durable) await syncDirectories(dirname(path), dirname(dirname(path)));
  } catch (thrown) {
    removeIfPossible(temporary);
    throw ioError(thrown, path);
  }
}

/** Renames a file; the directory it moves into is made when it is missing. */
export function renameMakingDirectory(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    makeDirs(dirname(to));
    renameSync(from, to);
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What made the write fail makes this fail too. The sweep at the next opening takes care of it.
  }
}

function readAll(file: number, bytes: Bytes): number {
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(file, bytes, length, bytes.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

function writeAll(file: number, bytes: Bytes): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

async function syncDirectories(...paths: string[]): Promise<void> {
  for (const path of paths) {
    const directory = openSync(path, "r");
    try {
      await promisify(fsync)(directory);
    } finally {
      closeSync(directory);
    }
  }
}

function notAChunk(path: string): SyncError {
  return new SyncError("CORRUPT", "what is stored there cannot be a chunk", { detail: { path } });
}
