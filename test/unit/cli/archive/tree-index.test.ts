import { execFileSync } from "node:child_process";
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openIndex } from "../../../../src/archive/open-index.node.ts";
import { runCommandLine } from "../../../../src/cli/command-line.ts";
import { commands } from "../../../../src/cli/commands.ts";
import { readArguments } from "../../../../src/cli/options/arguments.ts";
import type { Report, Summary } from "../../../../src/cli/report/report.ts";
import { toSyncError } from "../../../../src/errors.ts";
import { freshDir, plantFiles } from "../../archive/indexed-trees.ts";

/** What a command that ran in this process has told. */
interface Told {
  readonly lines: string[];
  summary?: Summary;
  code?: string;
  message?: string;
}

async function run(name: string, ...argv: readonly string[]): Promise<Told> {
  const told: Told = { lines: [] };
  const report: Report = {
    progress() {},
    hideProgress() {},
    trouble: (error) => void told.lines.push(error.message),
    change() {},
    result: (_, line) => void told.lines.push(line),
    notice: (text) => void told.lines.push(text),
    summary: (summary) => void (told.summary = summary),
    status() {},
    failure() {},
  };
  try {
    const command = await commands[name]!.load();
    const { options, operands } = readArguments(argv, command);
    await command.run({ options, operands, report, signal: new AbortController().signal });
  } catch (thrown) {
    const { code, message } = toSyncError(thrown);
    Object.assign(told, { code, message });
  }
  return told;
}

function plantTree(): { readonly tree: string; readonly index: string; readonly state: string } {
  const dir = freshDir();
  const tree = join(dir, "tree");
  plantFiles(tree, { "d/one": "1", two: "22" });
  utimesSync(join(tree, "d"), 1000, 1000);
  return { tree, index: join(dir, "index"), state: join(dir, "state") };
}

it("a tree is indexed, shown, compared and checked", async () => {
  const { tree, index } = plantTree();
  const { summary } = await run("index tree", tree, "-o", index);
  expect(summary).toMatchObject({ entries: 3, files: 2, doneBytes: 3, newBytes: 3 });
  const shown = await run("index show", index, "--long");
  expect(shown.lines.map((line) => line.split(" ").at(-1)!).slice(0, 3)).toEqual(["d/", "d/one", "two"]);
  expect((await run("check", tree, "--index", index)).code).toBeUndefined();
  plantFiles(tree, { two: "23" });
  const sampled = await run("check", tree, "--index", index, "--sample", "2", "--seed", "s");
  expect(sampled.code).toBe("DIFFERENT");
  expect(sampled.lines).toEqual([
    "different two: content",
    expect.stringMatching(/^2 files drawn, 1 damaged: at most/),
  ]);
  await run("index tree", tree, "-o", `${index}.jsonl`);
  const compared = await run("index diff", index, `${index}.jsonl`);
  expect([compared.code, ...compared.lines]).toEqual(["DIFFERENT", "different two: content"]);
});

it("a check that was stopped goes on where it was, and counts what was found before", async () => {
  const { tree, index, state } = plantTree();
  await run("index tree", tree, "-o", index);
  expect((await run("check", tree, "--index", index, "--state", index)).code).toBe("STATE");
  const opened = openIndex(index);
  const job = { tree, index: opened.totals.sha256 };
  opened.close();
  const counts = { missing: 0, extra: 0, different: 1 };
  const kept = { after: "d/one", seed: "s", checkedFiles: 1, damagedFiles: 1, counts };
  // As a run leaves it that is killed behind a path that differs.
  writeFileSync(state, JSON.stringify({ format: "rsync-stream check", version: 1, job, ...kept }));
  const other = await run("check", tree, "--index", index, "--state", state, "--since", "1d");
  expect(other.code).toBe("STATE");
  const rest = await run("check", tree, "--index", index, "--state", state);
  expect([rest.code, rest.summary?.files, rest.summary?.entries]).toEqual(["DIFFERENT", 2, 1]);
  expect(existsSync(state)).toBe(false);
});

it.each([
  ["index tree", ["nowhere"], "-o FILE is missing"],
  ["index tree", [".", "-o", "x", "--exclude-regex", "("], '--exclude-regex "(" is no regular expression'],
  ["index tree", [".", "-o", "x", "--format", "tar"], "--format is one of"],
  ["index tree", [".", "-o", "x", "--digest", "crc32"], "a digest is one of"],
  ["index tree", [".", "-o", "x", "--digest", "sha1", "--format", "tar-like"], "no digest but md5"],
  ["check", [".", "--index", "x", "."], "REFERENCE or with --index"],
  ["check", [".", "--index", "x", "--repair"], "no content to repair with"],
  ["check", [".", ".", "--sample", "5"], "--sample is for --index"],
  ["check", ["."], "REFERENCE is missing"],
])("%s %j is no command line", async (name, line, words) => {
  expect(await run(name, ...line)).toMatchObject({
    code: "USAGE",
    message: expect.stringContaining(words) as string,
  });
});

it("an index that lies in its tree is no part of it", async () => {
  const { tree } = plantTree();
  const index = join(tree, "d/my.index");
  for (let i = 0; i < 2; i++) {
    const { summary } = await run("index tree", tree, "-o", index);
    expect(summary).toMatchObject({ entries: 3, files: 2 });
  }
  utimesSync(join(tree, "d"), 1000, 1000);
  const checked = await run("check", tree, "--index", index, "--state", join(tree, "state"));
  expect(checked.lines.filter((line) => line !== "different d/: time")).toEqual([]);
});

it("a pipe is no index, and nobody waits for one to write to it", async () => {
  const { index } = plantTree();
  execFileSync("mkfifo", [index]);
  expect(await run("index show", index)).toMatchObject({ code: "BAD_MESSAGE" });
});

it("an index without a further word is that of a tree", async () => {
  const { tree, index } = plantTree();
  expect(await runCommandLine(["index", tree, "-q", "-o", index], commands)).toBe(0);
  expect(existsSync(index)).toBe(true);
});

it("a place that is not there is named as such", async () => {
  const { tree, index } = plantTree();
  expect((await run("index tree", `${tree}/none`, "-o", index)).code).toBe("NOT_FOUND");
  expect((await run("index tree", tree, "-o", `${tree}/none/index`)).code).toBe("NOT_FOUND");
  await run("index tree", tree, "-o", index);
  expect((await run("check", `${tree}/none`, "--index", index)).code).toBe("NOT_FOUND");
});
