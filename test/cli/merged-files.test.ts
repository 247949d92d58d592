import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, runShell } from "./run.ts";
import { plant } from "./trees.ts";

const folderOfCommand = dirname(builtCli());

/** Names the files of the command that are read, on standard error. */
const naming = `
  const fs = require("node:fs");
  const { readFileSync } = fs;
  const { basename, dirname } = require("node:path");
  fs.readFileSync = (path, ...more) => {
    if (dirname(String(path)) === ${JSON.stringify(folderOfCommand)}) fs.writeSync(2, "read " + basename(path) + "\\n");
    return readFileSync(path, ...more);
  };
`;

it("either end of a transfer reads what is merged for it in one file", async () => {
  const folder = freshFolder();
  plant(folder, { "tree/file": "content", "naming.cjs": naming, remote: 'shift; exec sh -c "$*"' });
  const far = '-e "sh $1/remote" --remote-path "$RS"';
  const both = ["main", "session", "start", "transfer"];
  for (const [end, line] of [
    ["sender", "send $1/tree/ >$1/stream"],
    ["receiver", "recv $1/copy <$1/stream"],
    ["sender", `push $1/tree/ h:$1/pushed ${far}`],
    ["receiver", `pull h:$1/tree/ $1/pulled ${far}`],
  ] as const) {
    const { code, stderr } = await runShell(`\${RS/ / -r $1/naming.cjs } ${line}`, folder);
    expect(code, stderr).toBe(0);
    const read = [...stderr.matchAll(/^read (\S+)\.cjs$/gm)].map(([, name]) => name!);
    expect(read, line).toEqual(expect.arrayContaining([...both, end]));
    expect(
      read.filter((name) => /^(send|recv|receive|create-|open-)/.test(name)),
      line,
    ).toEqual([end]);
  }
});

it("what it was merged of is gone", () => {
  expect(existsSync(`${folderOfCommand}-parts`)).toBe(false);
});
