import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArguments } from "../../../src/cli/options/arguments.ts";
import { defineCommand } from "../../../src/cli/command.ts";
import { filterOptions, readFilterOptions } from "../../../src/cli/options/filter-options.ts";
import { choiceOptions } from "../../../src/cli/options/source-options.ts";
import { loadFilter } from "../../../src/transfer/filter-loading.node.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const command = defineCommand({
  operands: [],
  options: { ...filterOptions, from0: choiceOptions.from0 },
  knowsRsync: true,
  writesOutput: () => false,
  async run() {},
});

/** The rules that a command line makes, as a sender gets them. */
async function rulesOf(...argv: string[]): Promise<readonly string[]> {
  const { options } = readArguments(argv, command);
  return (await loadFilter(await readFilterOptions(options), "sender")).texts;
}

test("rules stand in the order of the command line, whichever option they come from", async () => {
  expect(await rulesOf("--include=a", "--exclude", "b", "--include", "c", "--exclude=d")).toEqual([
    "+ a",
    "- b",
    "+ c",
    "- d",
  ]);
});

test("a pattern may say itself what it does", async () => {
  expect(await rulesOf("--exclude=+ a", "--include=- b", "--exclude=- + c", "--exclude=-d")).toEqual([
    "+ a",
    "- b",
    "- + c",
    "- -d",
  ]);
  expect(await rulesOf("--exclude=a", "--exclude=!", "--exclude=b", "--include=!c")).toEqual(["- b", "+ !c"]);
  expect(await rulesOf("--exclude=a", "--include=!")).toEqual([]);
});

test("patterns come from files, a line each", async () => {
  using temp = tempDir();
  const file = join(temp.path, "patterns");
  fs.writeFileSync(file, "# none\n\n*.o\r\n; none\n+ #a\n - b \n");
  expect(await rulesOf(`--exclude-from=${file}`)).toEqual(["- *.o", "+ #a", "-  - b "]);
  expect(await rulesOf(`--include-from=${file}`, "--exclude=*")).toEqual(["+ *.o", "+ #a", "+  - b ", "- *"]);
  await expect(rulesOf("--exclude-from", `${file}-2`)).rejects.toThrow("no such file or directory");
});

test("in files that are named rules may end in a zero byte, and then not with the line", async () => {
  using temp = tempDir();
  const named = join(temp.path, "named");
  fs.writeFileSync(named, "# none\0a\nb\0\0+ c\r\0d e\n");
  const from0 = ["-0", "--exclude=top\0"];
  expect(await rulesOf(`--exclude-from=${named}`, ...from0)).toEqual([
    "- a\nb",
    "+ c\r",
    "- d e\n",
    "- top\0",
  ]);
  expect(await rulesOf("-f", `.- ${named}`, "-0")).toEqual(["- a\nb", "- + c\r", "- d e\n"]);
  expect(await rulesOf("-f", `.-w ${named}`, "-0")).toEqual([
    "- #",
    "- none",
    "- a",
    "- b",
    "- +",
    "- c",
    "- d",
    "- e",
  ]);
});

test("filters take the rules of rsync, and the short options stand for some", async () => {
  expect(await rulesOf("-f", "-p a", "-FF", "-f", "H b", "-F", "--gitignore")).toEqual([
    "-p a",
    ": /.rsync-filter",
    "- .rsync-filter",
    "-s b",
    ":g .gitignore",
  ]);
  const cvs = await rulesOf("-C", "--include=a.o");
  expect(cvs.slice(0, 3)).toEqual(["+ a.o", ":C .cvsignore", "-p RCS"]);
  expect(cvs).toContain("-p .bzr/");
});

test("nothing is left out unless it is asked for", async () => {
  expect(await readFilterOptions({})).toEqual({});
  expect(await rulesOf("--exclude=")).toEqual([]);
});
