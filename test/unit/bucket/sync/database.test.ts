import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../../src/bucket/sync/database.node.ts";
import { freshFolder } from "../../../cli/run.ts";
import { noMounting, unless } from "../../../obstacles.ts";

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

/** Mounts a file system that takes little. */
function smallDisk(limit: string): string {
  const folder = freshFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", limit, "tmpfs", folder]);
  onTestFinished(() => void execFileSync("umount", [folder]));
  return folder;
}

unless(noMounting()).test.each([
  "size=8k",
  "size=32k",
  "size=64k",
  "size=200k",
  "nr_inodes=3",
  "nr_inodes=4",
])("a full disk is called that, though what failed gave its room back: %s", (limit) => {
  const folder = smallDisk(limit);
  const work = (): void => {
    const database = openDatabase(join(folder, "state"), form);
    onTestFinished(() => database.close());
    for (let batch = 0; batch < 4; batch += 1)
      database.transaction(() => {
        for (let row = 0; row < 1000; row += 1)
          database.run("INSERT INTO rows VALUES (?, 1)", [`${"n".repeat(60)}${batch},${row}`]);
      });
  };
  expect(work).toThrow(
    expect.objectContaining({ code: "NO_SPACE", message: expect.stringMatching(/room|space/) }),
  );
});

unless(noMounting()).test("a database goes on where it was when there is room again", () => {
  const folder = smallDisk("size=100k");
  const database = openDatabase(join(folder, "state"), form);
  onTestFinished(() => database.close());
  const add = (name: string): void => database.run("INSERT INTO rows VALUES (?, 1)", [name]);
  add("first");
  const other = join(folder, "other");
  expect(() => writeFileSync(other, new Uint8Array(1_000_000))).toThrow(/ENOSPC/);
  const addMany = (): void =>
    database.transaction(() => {
      for (let row = 0; row < 300; row += 1) add(`${"n".repeat(60)}${row}`);
    });
  expect(addMany).toThrow(expect.objectContaining({ code: "NO_SPACE" }));
  rmSync(other);
  add("second");
  expect(database.all("SELECT name FROM rows ORDER BY name").map(({ name }) => name)).toEqual([
    "first",
    "second",
  ]);
  expect(readdirSync(folder).sort()).toEqual(["state", "state-journal", "state.owner"]);
});
