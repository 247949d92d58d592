import { createRequire } from "node:module";
import type { Database } from "node-sqlite3-wasm";
import { removeOldLock } from "../bytes/sqlite-lock.node.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { damaged } from "./checked-entries.node.ts";

/** What stands in front of every SQLite file. */
export const sqliteMagic = "SQLite format 3\0";

/** Opens an SQLite file. The module is loaded when it is needed. @throws CORRUPT, IO */
export function openSqlite(path: string, options: { readonly isNew?: boolean } = {}): Database {
  const { Database: Sqlite } = createRequire(import.meta.url)(
    "node-sqlite3-wasm",
  ) as typeof import("node-sqlite3-wasm");
  // The module's own lock outlives a process that is killed; nobody else writes where we read.
  removeOldLock(path);
  return sqlite(path, () => {
    const database = new Sqlite(path, { readOnly: options.isNew !== true });
    if (options.isNew === true)
      database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000");
    else database.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    return database;
  });
}

/** Does something with an SQLite file; what the module says in words only gets a code. */
export function sqlite<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (thrown) {
    if (isSyncError(thrown)) throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (/not a database|malformed|no such (?:table|column)|corrupt/i.test(message))
      throw damaged(message, thrown);
    const isFull = /full/.test(message);
    throw new SyncError(isFull ? "NO_SPACE" : "IO", isFull ? "there is no room for the index" : message, {
      cause: thrown,
      detail: { path },
    });
  }
}
