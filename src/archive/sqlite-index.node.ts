import type { Database, Statement } from "node-sqlite3-wasm";
import { encodeByteText, decodeByteText, hasOtherBytes } from "../bytes/byte-text.ts";
import { closingOnFailure, doQuietly } from "../bytes/closing.ts";
import { Pause } from "../bytes/pause.node.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { checkedEntries, damaged } from "./checked-entries.node.ts";
import { openSqlite, shortNumber, shortText, sqlite } from "./sqlite-file.node.ts";
import {
  EntryCounter,
  type IndexedEntry,
  type IndexFacts,
  type IndexTotals,
  type TreeIndex,
} from "./tree-index.node.ts";
import type { IndexForm } from "./write-index.node.ts";

const applicationId = 0x72_73_74_69;
const version = 1;

/** The schema that docs/tree-index.md describes; `tar` is the table that tar-like has. */
const schema = {
  facts: "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  entries: `CREATE TABLE entries (id INTEGER PRIMARY KEY, path TEXT NOT NULL, kind TEXT NOT NULL,
    size INTEGER NOT NULL, file INTEGER, "offset" INTEGER, mode INTEGER, mtime INTEGER, nsec INTEGER,
    target TEXT, digest TEXT, unsettled INTEGER)`,
  tar: `CREATE VIEW tar AS SELECT file AS id, path, size, "offset", "offset" + size - 1 AS offset_end,
    digest AS hash FROM entries WHERE file IS NOT NULL`,
} as const;

/** Columns of `entries`. */
const columnCount = 12;
/** Rows that go into a statement at once. */
const rowsPerStatement = 10;
const batchCount = 1024;

const selectRows = `SELECT ${["id", "size", "mode", "mtime", "nsec", "unsettled"].map(shortNumber).join()},
  ${["path", "kind", "target", "digest"].map(shortText).join()}
  FROM entries WHERE id > ? ORDER BY id LIMIT ?`;

type Row = Readonly<Record<string, unknown>>;

/** An index as an SQLite file. */
export const sqliteForm: IndexForm = {
  write: (path, facts) => {
    const database = openSqlite(path, { isNew: true });
    const counter = new EntryCounter();
    const rows = new RowWriter(database);
    const begin = (): void => {
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
      database.exec(`BEGIN; ${Object.values(schema).join("; ")}`);
    };
    closingOnFailure(
      () => sqlite(path, begin),
      () => database.close(),
    );
    return {
      add: (entries) =>
        sqlite(path, () => {
          for (const entry of entries) rows.add(entry);
          counter.count(entries);
        }),
      end: () =>
        sqlite(path, () => {
          rows.flush();
          const totals = counter.totals();
          const say = (name: string, value: string): void =>
            void database.run("INSERT INTO facts VALUES (?, ?)", [name, value]);
          if (facts.digest !== undefined) say("digest", facts.digest);
          if (facts.isOfFiles) say("only", "files");
          for (const [name, value] of Object.entries(totals)) say(name, String(value));
          database.exec("COMMIT");
          return totals;
        }),
      close: () => {
        doQuietly(() => rows.close());
        database.close();
      },
    };
  },
};

/** Gathers rows, so that one call of the module writes several. */
class RowWriter {
  readonly #database: Database;
  #values: (string | number | Uint8Array | null)[] = [];
  #several: Statement | undefined;
  #id = 0;
  #files = 0;
  #offset = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  add(entry: IndexedEntry): void {
    const isFile = entry.kind === "file";
    this.#values.push(
      this.#id++,
      textOf(entry.path),
      entry.kind,
      entry.size,
      isFile ? this.#files++ : null,
      isFile ? this.#offset : null,
      entry.mode ?? null,
      entry.mtimeSec ?? null,
      entry.mtimeNsec ?? null,
      entry.target === undefined ? null : textOf(entry.target),
      entry.digest ?? null,
      entry.isUnsettled ? 1 : null,
    );
    this.#offset += entry.size;
    if (this.#values.length < rowsPerStatement * columnCount) return;
    this.#several ??= this.#prepare(rowsPerStatement);
    this.#several.run(this.#values);
    this.#values = [];
  }

  flush(): void {
    if (this.#values.length === 0) return;
    const rest = this.#prepare(this.#values.length / columnCount);
    try {
      rest.run(this.#values);
    } finally {
      rest.finalize();
    }
    this.#values = [];
  }

  close(): void {
    this.#several?.finalize();
  }

  #prepare(rowCount: number): Statement {
    const row = `(${Array.from({ length: columnCount }, () => "?").join()})`;
    const rows = Array.from({ length: rowCount }, () => row).join();
    return this.#database.prepare(`INSERT INTO entries VALUES ${rows}`);
  }
}

/** Opens an index of ours. @throws BAD_MESSAGE for one of somebody else, UNSUPPORTED, CORRUPT */
export function openSqliteIndex(path: string): TreeIndex {
  const database = openSqlite(path);
  try {
    return sqlite(path, () => {
      checkForm(database);
      const { facts, totals } = readFacts(database);
      return {
        facts,
        totals,
        entries: (options) => checkedEntries(readRows(database, path, options), () => totals),
        close: () => database.close(),
      };
    });
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/** True for a file that says that it is an index of ours. */
export function isSqliteIndex(database: Database): boolean {
  return database.get("PRAGMA application_id")?.["application_id"] === applicationId;
}

function checkForm(database: Database): void {
  if (Number(database.get("PRAGMA user_version")?.["user_version"]) !== version)
    throw new SyncError("UNSUPPORTED", "this index was written by another version");
  // What is called a table there could be anything that takes for ever to go through.
  for (const [name, sql] of Object.entries(schema))
    if (database.get("SELECT sql FROM sqlite_schema WHERE name = ?", [name])?.["sql"] !== sql)
      throw damaged(`its ${name} are not as they should be`);
}

function readFacts(database: Database): { readonly facts: IndexFacts; readonly totals: IndexTotals } {
  const rows = database.all(
    `SELECT ${shortText("name")}, ${shortText("value")} FROM facts LIMIT 100`,
  ) as Row[];
  const said = new Map(rows.map(({ name, value }) => [name, String(value)]));
  const [entries, files, bytes] = ["entries", "files", "bytes"].map((name) => Number(said.get(name)));
  const sha256 = said.get("sha256");
  if (sha256 === undefined) throw damaged("it was not completed");
  return {
    facts: { digest: said.get("digest"), isOfFiles: said.get("only") === "files" },
    totals: { entries: entries!, files: files!, bytes: bytes!, sha256 },
  };
}

async function* readRows(
  database: Database,
  path: string,
  { signal }: AbortOptions = {},
): AsyncGenerator<readonly IndexedEntry[]> {
  const pause = new Pause(signal);
  for (let next = -1; ;) {
    const rows = sqlite(path, () => database.all(selectRows, [next, batchCount]) as Row[]);
    if (rows.length === 0) return;
    next = Number(rows.at(-1)!["id"]);
    yield rows.map(entryOf);
    if (pause.due()) await pause.take();
  }
}

function entryOf(row: Row): IndexedEntry {
  const { path, kind, size, mode, mtime, nsec, target, digest, unsettled } = row;
  return {
    path: fromText(path),
    kind,
    size,
    mode: mode ?? undefined,
    mtimeSec: mtime ?? undefined,
    mtimeNsec: nsec ?? undefined,
    target: target === null ? undefined : fromText(target),
    digest: digest ?? undefined,
    isUnsettled: unsettled === 1,
  } as IndexedEntry;
}

/** A path as SQLite takes it: as text where it is one, and otherwise as its bytes. */
export function textOf(text: string): string | Uint8Array {
  return hasOtherBytes(text) ? encodeByteText(text) : text;
}

/** A path as it stood in SQLite; what is neither text nor bytes stays what it is. */
export function fromText(value: unknown): string {
  return value instanceof Uint8Array ? decodeByteText(value) : (value as string);
}
