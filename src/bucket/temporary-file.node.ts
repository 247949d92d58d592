import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { isSyncError, toSyncError } from "../errors.ts";
import { lockState } from "./sync/state-lock.node.ts";

/** A place for a file that is gone, with what lies beside it, when it is disposed of. */
export interface TemporaryFile extends Disposable {
  readonly path: string;
}

const prefix = "rsync-stream-file-";

/** Milliseconds after which a directory is held by who made it. */
const settledMs = 60_000;

/**
 * Gives a place for a file that nobody else may look into. What processes of this user left behind
 * that were killed is removed.
 *
 * @throws NO_SPACE, IO
 */
export function temporaryFile(): TemporaryFile {
  const folder = makeFolder();
  const release = hold(folder);
  if (release) sweep();
  return {
    path: join(folder, "content"),
    [Symbol.dispose]() {
      fs.rmSync(folder, { recursive: true, force: true });
      release?.();
    },
  };
}

function makeFolder(): string {
  const path = join(os.tmpdir(), prefix);
  try {
    return fs.mkdtempSync(path);
  } catch (thrown) {
    throw toSyncError(thrown, "IO", { path });
  }
}

/** Holds a directory; where that cannot be, nobody can take it from its owner either. */
function hold(folder: string): (() => void) | undefined {
  try {
    return lockState(lockIn(folder));
  } catch (thrown) {
    if (isSyncError(thrown, "IO")) return undefined; // no file has two names there
    fs.rmSync(folder, { recursive: true, force: true });
    throw toSyncError(thrown, "IO", { path: folder });
  }
}

const lockIn = (folder: string): string => join(folder, "held");

function sweep(): void {
  for (const name of namesIn(os.tmpdir())) {
    const folder = join(os.tmpdir(), name);
    if (!name.startsWith(prefix) || !isOldAndOwn(folder)) continue;
    try {
      // Who can take the lock knows that its holder is gone.
      lockState(lockIn(folder));
      fs.rmSync(folder, { recursive: true, force: true });
    } catch {
      // It is in use, or others remove it.
    }
  }
}

/** Nothing of a directory that may not be listed. */
function namesIn(path: string): readonly string[] {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
}

/** True for a directory of this user that is closed to others, and no longer being made. */
function isOldAndOwn(folder: string): boolean {
  const stats = fs.lstatSync(folder, { throwIfNoEntry: false });
  return (
    stats?.isDirectory() === true &&
    stats.uid === process.getuid?.() &&
    (stats.mode & 0o077) === 0 &&
    Date.now() - stats.mtimeMs >= settledMs
  );
}
