import { closeSync, copyFileSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DataSet, MakingPlace } from "./data-set.ts";
import { Dice } from "./dice.ts";
import { runShell } from "./shell.ts";

const rowCounts = { full: 400_000, quick: 8000 } as const;
const head = "pragma page_size = 4096; pragma journal_mode = off; pragma synchronous = off;\n";

/** A database of SQLite in which rows were edited, added and removed, 1 % each or less. */
export const rows: DataSet = {
  name: "rows",
  title: "SQLite, 1 % of the rows edited",
  isTree: false,
  needs: { full: ["sqlite3"], quick: ["sqlite3"] },
  make({ folder, size }) {
    const table = new Table(rowCounts[size]);
    const [old, next] = [join(folder, "old"), join(folder, "new")];
    execute(old, table.create());
    copyFileSync(old, next);
    execute(next, table.edit());
  },
};

/** The same, then compacted. */
export const vacuum: DataSet = {
  name: "vacuum",
  title: "SQLite, the same and then VACUUM",
  isTree: false,
  from: [rows],
  oldOf: rows,
  needs: { full: ["sqlite3"], quick: ["sqlite3"] },
  make({ folder, beside }: MakingPlace) {
    const next = join(folder, "new");
    copyFileSync(join(beside, "rows", "new"), next);
    execute(next, ["vacuum;"]);
  },
};

function execute(database: string, statements: Iterable<string>): void {
  const script = `${database}.sql`;
  const file = openSync(script, "w");
  writeSync(file, head);
  for (const statement of statements) writeSync(file, statement);
  closeSync(file);
  runShell("/", 'sqlite3 -bail "$1" < "$2"', database, script);
  rmSync(script);
}

class Table {
  readonly #dice = new Dice(7);
  readonly #words: readonly string[] = this.#dice.text(300_000).toString().split(/\s+/);
  readonly #rowCount: number;

  constructor(rowCount: number) {
    this.#rowCount = rowCount;
  }

  *create(): Iterable<string> {
    yield "create table item (id integer primary key, key text, at integer, body text);\nbegin;\n";
    for (let id = 1; id <= this.#rowCount; id++) yield this.#insert(id);
    yield "commit;\ncreate index item_key on item (key);\n";
  }

  *edit(): Iterable<string> {
    const editCount = this.#rowCount / 100;
    yield "begin;\n";
    for (let n = 0; n < editCount; n++) {
      yield `update item set body = '${this.#body()}' where id = ${this.#anyId()};\n`;
    }
    for (let n = 1; n <= editCount; n++) yield this.#insert(this.#rowCount + n);
    for (let n = 0; n < editCount / 2; n++) yield `delete from item where id = ${this.#anyId()};\n`;
    yield "commit;\n";
  }

  #insert(id: number): string {
    const key = this.#dice.noise(8).toString("hex");
    return `insert into item values (${id}, '${key}', ${1_700_000_000 + id}, '${this.#body()}');\n`;
  }

  #body(): string {
    const count = 10 + this.#dice.below(50);
    return Array.from({ length: count }, () => this.#words[this.#dice.below(this.#words.length)]).join(" ");
  }

  #anyId(): number {
    return 1 + this.#dice.below(this.#rowCount);
  }
}
