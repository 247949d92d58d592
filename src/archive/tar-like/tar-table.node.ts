import type { Database } from "node-sqlite3-wasm";
import { closingOnFailure, doQuietly } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import { damaged, findPathFault } from "../checked-entries.node.ts";
import { openSqlite, shortNumber, shortText, sqlite } from "../sqlite-file.node.ts";
import { fromText, textOf } from "../sqlite-index.node.ts";
import { EntryCounter } from "../tree-index.node.ts";
import type { IndexForm } from "../write-index.node.ts";

/** A row of the table that tar-like has: a file, and where it lies in the virtual archive. */
export interface TarLikeRow {
  readonly id: number;
  /** Below the root, names with `/` between them. */
  readonly path: string;
  readonly size: number;
  readonly offset: number;
  /** MD5 of the file in lowercase hex; undefined where there is none. */
  readonly md5: string | undefined;
}

/** What stands for the hash of what is no file. */
const noFile = "--file-not-found--";
const isMd5 = /^[0-9a-f]{32}$/;
const batchCount = 1024;

const selectRows = `SELECT rowid AS place, ${["id", "size", "offset", "offset_end"].map(shortNumber).join()},
  ${["path", "hash"].map(shortText).join()} FROM tar WHERE rowid > ? ORDER BY rowid LIMIT ?`;

const tarLikeSchema = `CREATE TABLE tar (id INT64, path TEXT, size INT64, offset INT64, offset_end INT64, hash TEXT);
  CREATE INDEX idx_tar_path ON tar (path);
  CREATE INDEX idx_tar_hash ON tar (hash);
  CREATE INDEX idx_tar_offset ON tar (offset);
  CREATE INDEX idx_tar_offset_end ON tar (offset_end);
  CREATE INDEX idx_tar_offset_n_offset_end ON tar (offset, offset_end)`;

/** The database of tar-like itself: its files alone, with their MD5. */
export const tarLikeForm: IndexForm = {
  write: (path) => {
    const database = openSqlite(path, { isNew: true });
    const counter = new EntryCounter();
    const begin = () => {
      database.exec(`BEGIN; ${tarLikeSchema}`);
      return database.prepare("INSERT INTO tar VALUES (?, ?, ?, ?, ?, ?)");
    };
    const insert = closingOnFailure(
      () => sqlite(path, begin),
      () => database.close(),
    );
    let [id, offset] = [0, 0];
    return {
      add: (entries) =>
        sqlite(path, () => {
          counter.count(entries);
          for (const { kind, path: name, size, digest } of entries) {
            if (kind !== "file") continue;
            insert.run([id++, textOf(name), size, offset, offset + size - 1, digest ?? noFile]);
            offset += size;
          }
        }),
      end: () => sqlite(path, () => (database.exec("COMMIT"), counter.totals())),
      close: () => {
        doQuietly(() => insert.finalize());
        database.close();
      },
    };
  },
};

/**
 * True for a database that has a table of tar-like, and no view or worse in its place, nor columns
 * that are computed: a short file could make us work for hours.
 */
export function hasTarTable(database: Database): boolean {
  const table = database.get("SELECT type, sql FROM sqlite_schema WHERE name = 'tar'");
  if (table?.["type"] !== "table" || !/^CREATE TABLE\b/i.test(table["sql"] as string)) return false;
  return database.all("PRAGMA table_xinfo(tar)").every(({ hidden }) => hidden === 0);
}

/**
 * The rows of a table of tar-like, a batch at a time, once they are known to be what it writes: one
 * file behind the other without gaps, and paths inside a tree.
 *
 * @throws CORRUPT
 */
export function* readTarTable(database: Database, path: string): Generator<readonly TarLikeRow[]> {
  const [last, counter] = [{ rowid: -1 }, { id: 0, offset: 0 }];
  for (;;) {
    const found = sqlite(path, () => database.all(selectRows, [last.rowid, batchCount])) as Readonly<
      Record<string, unknown>
    >[];
    if (found.length === 0) return;
    last.rowid = Number(found.at(-1)!["place"]);
    yield found.map((row) => checkRow(row, counter));
  }
}

function checkRow(
  row: Readonly<Record<string, unknown>>,
  expected: { id: number; offset: number },
): TarLikeRow {
  const { id, size, offset, offset_end: end, hash } = row;
  const path = fromText(row["path"]);
  if (id !== expected.id || offset !== expected.offset)
    throw damaged("its rows do not follow each other; it may have been written twice");
  const isSize = typeof size === "number" && Number.isSafeInteger(size) && size >= 0;
  if (!isSize || !Number.isSafeInteger(offset + size) || end !== offset + size - 1)
    throw damaged("a row of it has a size that is out of range");
  const fault = typeof path === "string" ? findPathFault(path) : "has no path";
  if (fault !== undefined) throw new SyncError("PATH", `a row ${fault}`, { detail: { path } });
  expected.id += 1;
  expected.offset += size;
  return { id, path, size, offset, md5: typeof hash === "string" && isMd5.test(hash) ? hash : undefined };
}
