import fs from "node:fs";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { reasonOf } from "../../bytes/errno.node.ts";
import { SyncError, toSyncError } from "../../errors.ts";
import { formatTime } from "./change-format.ts";

/**
 * Opens a file that text is appended to, each line behind the time and the number of this process.
 * It is made for its owner alone, as it names files.
 *
 * @throws IO or NO_SPACE when it cannot be opened; a later failure is told to `onFailure`, once
 */
export function openLog(path: string, onFailure: (error: SyncError) => void): (text: string) => void {
  const fd = openForAppending(path);
  let hasFailed = false;
  return (text) => {
    const lines = text.replace(/\n$/, "").split("\n");
    const head = `${formatTime(new Date())} [${process.pid}] `;
    try {
      fs.writeSync(fd, lines.map((line) => `${head}${line}\n`).join(""));
    } catch (cause) {
      if (!hasFailed) onFailure(logTrouble(path, cause));
      hasFailed = true;
    }
  };
}

function openForAppending(path: string): number {
  try {
    return fs.openSync(pathOf(path), "a", 0o600);
  } catch (cause) {
    throw logTrouble(path, cause);
  }
}

function logTrouble(path: string, cause: unknown): SyncError {
  const { code } = toSyncError(cause, "IO");
  return new SyncError(code, `the log cannot be written: ${reasonOf(cause).split(",")[0]}`, {
    cause,
    detail: { path },
  });
}
