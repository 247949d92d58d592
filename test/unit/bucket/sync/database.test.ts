import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../../src/bucket/sync/database.node.ts";
import { freshFolder } from "../../../cli/run.ts";

const form = {
  applicationId: 0x74_65_73_74,
  version: 1,
  otherwise: "name another file",
  schema: "CREATE TABLE rows (name TEXT PRIMARY KEY, size INTEGER CHECK (size < 10));",
};

test("a statement that failed is good again as soon as what it failed with is over", () => {
  const database = openDatabase(join(freshFolder(), "state"), form);
  onTestFinished(() => database.close());
  const add = (name: string, size: number): void =>
    database.run("INSERT INTO rows VALUES (?, ?)", [name, size]);
  add("a", 1);
  for (const name of ["b", "c", "d"]) expect(() => add(name, 10)).toThrow(/constraint/);
  add("e", 2);
  expect(() => database.transaction(() => add("f", 10))).toThrow(/constraint/);
  database.transaction(() => add("g", 3));
  expect(database.all("SELECT name FROM rows ORDER BY name").map(({ name }) => name)).toEqual([
    "a",
    "e",
    "g",
  ]);
});
