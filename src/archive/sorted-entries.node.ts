import { temporaryFile } from "../bucket/temporary-file.node.ts";
import { doQuietly } from "../bytes/closing.ts";
import { SyncError } from "../errors.ts";
import { findEntryFault } from "./checked-entries.node.ts";
import { openSqlite, sqlite } from "./sqlite-file.node.ts";
import { type IndexedEntry, orderKeyOf } from "./tree-index.node.ts";

const batchCount = 1024;

/**
 * Entries that come in any order, in canonical order. They are sorted in a file, so that memory
 * does not grow with them.
 *
 * @param refuse takes what no tree has: a path twice, or one that leads out. It is left out then;
 *   unless given CORRUPT is thrown
 * @throws CORRUPT
 */
export async function* sortedEntries(
  batches: AsyncIterable<readonly IndexedEntry[]> | Iterable<readonly IndexedEntry[]>,
  refuse: (entry: IndexedEntry, fault: string) => void = throwCorrupt,
): AsyncGenerator<readonly IndexedEntry[]> {
  using file = temporaryFile();
  const { path } = file;
  const database = openSqlite(path, { isNew: true });
  try {
    const insert = sqlite(path, () => {
      database.exec("BEGIN; CREATE TABLE sorted (key BLOB PRIMARY KEY, entry TEXT) WITHOUT ROWID");
      return database.prepare("INSERT OR IGNORE INTO sorted VALUES (?, ?)");
    });
    try {
      for await (const batch of batches) {
        for (const entry of batch) {
          const fault = findEntryFault(entry);
          if (fault !== undefined) {
            refuse(entry, fault);
            continue;
          }
          const row = [Buffer.from(orderKeyOf(entry.path), "latin1"), JSON.stringify(entry)];
          if (sqlite(path, () => insert.run(row)).changes === 0) refuse(entry, "is there twice");
        }
      }
    } finally {
      // It tells again what a row failed with, which was told.
      doQuietly(() => insert.finalize());
    }
    let last: Uint8Array = new Uint8Array(0);
    for (;;) {
      const rows = sqlite(path, () =>
        database.all("SELECT key, entry FROM sorted WHERE key > ? ORDER BY key LIMIT ?", [last, batchCount]),
      );
      if (rows.length === 0) return;
      last = rows.at(-1)!["key"] as Uint8Array;
      yield rows.map(
        ({ entry }) => ({ ...unknown, ...(JSON.parse(entry as string) as object) }) as IndexedEntry,
      );
    }
  } finally {
    database.close();
  }
}

/** What JSON leaves out. */
const unknown: Partial<IndexedEntry> = {
  mode: undefined,
  mtimeSec: undefined,
  mtimeNsec: undefined,
  target: undefined,
  digest: undefined,
};

function throwCorrupt({ path }: IndexedEntry, fault: string): never {
  throw new SyncError("CORRUPT", `an entry of a listing ${fault}`, { detail: { path } });
}
