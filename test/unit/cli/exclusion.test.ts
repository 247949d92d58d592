import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArguments } from "../../../src/cli/arguments.ts";
import { defineCommand } from "../../../src/cli/command.ts";
import { excludeOption } from "../../../src/cli/exclusion.ts";
import { filterOf, readRules } from "../../../src/transfer/filter-rules.node.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const command = defineCommand({
  operands: [],
  options: excludeOption,
  writesOutput: () => false,
  async run() {},
});

/** The rules that a command line makes. */
function rulesOf(...argv: string[]): string[] {
  const { exclude = [] } = readArguments(argv, command).options;
  return readRules(exclude as readonly string[]).map(
    ({ action, pattern }) => `${action} ${Buffer.from(pattern).toString()}`,
  );
}

test("rules stand in the order of the command line, whichever option they come from", () => {
  expect(rulesOf("--include=a", "--exclude", "b", "--include", "c", "--exclude=d")).toEqual([
    "include a",
    "exclude b",
    "include c",
    "exclude d",
  ]);
});

test("a pattern may say itself what it does", () => {
  expect(rulesOf("--exclude=+ a", "--include=- b", "--exclude=- + c", "--exclude=-d")).toEqual([
    "include a",
    "exclude b",
    "exclude + c",
    "exclude -d",
  ]);
  expect(rulesOf("--exclude=a", "--exclude=!", "--exclude=b", "--include=!c")).toEqual([
    "exclude b",
    "include !c",
  ]);
  expect(rulesOf("--exclude=a", "--include=!")).toEqual([]);
});

test("patterns come from files, a line each", () => {
  using temp = tempDir();
  const file = join(temp.path, "patterns");
  fs.writeFileSync(file, "# none\n\n*.o\r\n; none\n+ #a\n - b \n");
  expect(rulesOf(`--exclude-from=${file}`)).toEqual(["exclude *.o", "include #a", "exclude  - b "]);
  expect(rulesOf(`--include-from=${file}`, "--exclude=*")).toEqual([
    "include *.o",
    "include #a",
    "include  - b ",
    "exclude *",
  ]);
  expect(() => rulesOf("--exclude-from", `${file}-2`)).toThrow("no such file or directory");
});

test("nothing is left out unless it is asked for", () => {
  expect(filterOf(undefined)).toBeUndefined();
  const filter = filterOf(["photo (1).jpg", ""])!;
  const names = ["photo (1).jpg", "photo 1.jpg", "a"];
  expect(names.map((name) => filter.excludes(Buffer.from(name), false))).toEqual([true, false, false]);
});
