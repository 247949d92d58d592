import { createRequire } from "node:module";
import type { Database } from "node-sqlite3-wasm";
import { tellsFullDisk } from "../bytes/full-disk.node.ts";
import { removeOldLock } from "../bytes/sqlite-lock.node.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { damaged } from "./checked-entries.node.ts";
import { listingLimits } from "./listing-limits.ts";

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

/**
 * A column whose texts and bytes may be long, as a part of a SELECT. What is longer than any line
 * of an index is not read into memory: a number stands in its place. A text with a zero byte comes
 * as bytes: the module would end it there.
 */
export function shortText(column: string): string {
  const bytes = `CAST("${column}" AS BLOB)`;
  return `CASE WHEN octet_length("${column}") > ${listingLimits.lineChars} THEN 0
    WHEN instr(${bytes}, x'00') > 0 THEN ${bytes} ELSE "${column}" END AS "${column}"`;
}

/** A column of numbers, as a part of a SELECT: texts and bytes in it are not read. */
export function shortNumber(column: string): string {
  return `iif(typeof("${column}") IN ('text', 'blob'), 'none', "${column}") AS "${column}"`;
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
    const isFull = tellsFullDisk(message, path);
    throw new SyncError(isFull ? "NO_SPACE" : "IO", isFull ? "there is no room for the index" : message, {
      cause: thrown,
      detail: { path },
    });
  }
}
