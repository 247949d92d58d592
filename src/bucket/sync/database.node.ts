import fs from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { BindValues, Database as Opened, QueryResult } from "node-sqlite3-wasm";
import { doQuietly } from "../../bytes/closing.ts";
import { tellsFullDisk } from "../../bytes/full-disk.node.ts";
import { removeOldLock } from "../../bytes/sqlite-lock.node.ts";
import { SyncError } from "../../errors.ts";
import { makeDirs } from "../../bytes/make-dirs.node.ts";
import { lockState } from "./state-lock.node.ts";

/** What a statement takes and gives. */
export type Row = Readonly<Record<string, string | number | null>>;
type Values = readonly (string | number | null)[];
type Statement = ReturnType<Opened["prepare"]>;

/** A database in one file. */
export interface Database {
  run(sql: string, values?: Values): void;
  get(sql: string, values?: Values): Row | undefined;
  all(sql: string, values?: Values): readonly Row[];
  /** Does all of it, or nothing when that throws or the process ends. */
  transaction(act: () => void): void;
  close(): void;
}

/** What a file of ours says of itself: who can read it, and in which version. */
export interface DatabaseForm {
  readonly applicationId: number;
  readonly version: number;
  /** The statements that make its tables. */
  readonly schema: string;
  /** How to name another file, for messages. */
  readonly otherwise: string;
}

/**
 * Opens a database for this process alone, and makes it where there is none.
 *
 * @throws LOCKED, STATE for what is of another program or of a newer version, PATH, NO_SPACE, IO
 */
export function openDatabase(path: string, form: DatabaseForm): Database {
  makeDirs(dirname(path));
  const release = lockState(path);
  try {
    return prepared(path, form, release);
  } catch (thrown) {
    release();
    throw thrown;
  }
}

function prepared(path: string, form: DatabaseForm, release: () => void): Database {
  const isNew = !fs.existsSync(path) || fs.statSync(path).size === 0;
  // The module's own lock outlives a process that is killed; ours tells that nobody has it.
  removeOldLock(path);
  const { Database: Sqlite } = createRequire(import.meta.url)(
    "node-sqlite3-wasm",
  ) as typeof import("node-sqlite3-wasm");
  const failed = (thrown: unknown): SyncError => failureOf(thrown, path, form);
  const db = attempt(() => new Sqlite(path), failed);
  const statements = new Map<string, Statement>();
  const prepare = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
  /** One that failed would fail the next time, too, with what it failed with. */
  const drop = (sql: string): void => {
    const made = statements.get(sql);
    statements.delete(sql);
    doQuietly(() => made?.finalize());
  };
  const carryOut = <Result>(sql: string, act: (statement: Statement) => Result): Result => {
    try {
      return act(prepare(sql));
    } catch (thrown) {
      drop(sql);
      throw failed(thrown);
    }
  };
  const close = (): void => {
    // To close tells again what a statement failed with, which was told.
    for (const statement of statements.values()) doQuietly(() => statement.finalize());
    statements.clear();
    doQuietly(() => db.close());
  };
  const database: Database = {
    run: (sql, values = []) => carryOut(sql, (statement) => void statement.run(bound(values))),
    get: (sql, values = []) =>
      carryOut(sql, (statement) => {
        const found = statement.get(bound(values));
        return found ? rowOf(found) : undefined;
      }),
    all: (sql, values = []) => carryOut(sql, (statement) => statement.all(bound(values)).map(rowOf)),
    transaction(act) {
      attempt(() => db.exec("BEGIN IMMEDIATE"), failed);
      try {
        act();
        attempt(() => db.exec("COMMIT"), failed);
      } catch (thrown) {
        // The reason is told; what cannot be taken back now is when the file is opened.
        doQuietly(() => {
          if (db.inTransaction) db.exec("ROLLBACK");
        });
        throw thrown;
      }
    },
    close() {
      close();
      release();
    },
  };
  try {
    if (isNew) database.transaction(() => attempt(() => create(db, form), failed));
    else check(database, form, path);
    attempt(() => db.exec("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL"), failed);
  } catch (thrown) {
    close();
    throw thrown;
  }
  return database;
}

function create(db: Opened, { applicationId, version, schema }: DatabaseForm): void {
  db.exec(schema);
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
}

function check(database: Database, form: DatabaseForm, path: string): void {
  const { applicationId, version } = form;
  const id = database.get("PRAGMA application_id")?.["application_id"];
  if (id !== applicationId) throw foreign(path, notOurs(form));
  const found = Number(database.get("PRAGMA user_version")?.["user_version"]);
  if (found > version) throw foreign(path, "this state was written by a newer version");
  if (found < version) throw foreign(path, "this state was written by an older version; remove it");
}

function notOurs({ otherwise }: DatabaseForm): string {
  return `this file is not a state of ours; ${otherwise}`;
}

function foreign(path: string, message: string): SyncError {
  return new SyncError("STATE", message, { detail: { path } });
}

/** Texts end at a NUL in the module. They are written without any, in the same order. */
function bound(values: Values): BindValues {
  return values.map((value) =>
    typeof value === "string"
      ? value.replaceAll("\u0001", "\u0001\u0002").replaceAll("\0", "\u0001\u0001")
      : value,
  );
}

function rowOf(found: QueryResult): Row {
  const row = found as Record<string, string | number | null>;
  for (const [name, value] of Object.entries(row))
    if (typeof value === "string" && value.includes("\u0001"))
      row[name] = value.replaceAll("\u0001\u0001", "\0").replaceAll("\u0001\u0002", "\u0001");
  return row;
}

function attempt<Result>(act: () => Result, failed: (thrown: unknown) => SyncError): Result {
  try {
    return act();
  } catch (thrown) {
    throw failed(thrown);
  }
}

/** What the module says in words only. */
function failureOf(thrown: unknown, path: string, form: DatabaseForm): SyncError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const detail = { path };
  if (/not a database|malformed/.test(message))
    return new SyncError("STATE", notOurs(form), { cause: thrown, detail });
  if (tellsFullDisk(message, path))
    return new SyncError("NO_SPACE", "there is no room for the state", { cause: thrown, detail });
  return new SyncError("IO", `the state cannot be used: ${message}`, { cause: thrown, detail });
}
