import { join } from "node:path";
import { expect, it } from "vitest";
import { freshFolder, rsyncStream } from "./run.ts";
import { plant } from "./trees.ts";

const files = {
  "src/.rsync-filter": "# built\n- build/\n+ /sub/keep.o\n",
  "src/build/a.o": "",
  "src/sub/keep.o": "",
  "src/sub/b.o": "",
  "dst/.rsync-filter": "P *.o\n",
  "dst/old.o": "",
  patterns: "*.o\n",
};

/** What is printed of a path, with the folder of the files taken out. */
async function explain(...args: string[]): Promise<string> {
  const folder = freshFolder();
  plant(folder, files);
  const words = args.map((word) => word.replace("@", `${folder}/`));
  const { code, stderr, stdout } = await rsyncStream(words);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: "" });
  return stderr.trim().replaceAll(`${folder}/`, "@");
}

const rules = ["-F", "--exclude-from=@patterns", "-f", "H sub/"];

it.each([
  [
    "build/a.o",
    ["send", ...rules, "@src/"],
    'build is left out by the rule "- build/" in line 2 of .rsync-filter',
  ],
  [
    "sub/keep.o",
    ["send", "-F", "@src/"],
    'sub/keep.o is sent by the rule "+ /sub/keep.o" in line 3 of .rsync-filter',
  ],
  [
    "/sub/b.o",
    ["push", "-F", "--exclude-from=@patterns", "@src/", "host:dst"],
    'sub/b.o is left out by the rule "- *.o" in line 1 of @patterns',
  ],
  ["sub", ["send", ...rules, "@src/"], 'sub is left out by the rule "-s sub/" of the command line'],
  [
    "src/build",
    ["send", ...rules, "@src"],
    'src/build is left out by the rule "- build/" in line 2 of src/.rsync-filter',
  ],
  ["sub/other", ["send", ...rules.slice(0, 2), "@src/"], "sub/other is sent: no rule matches"],
  ["a", ["send", "@src/"], "a is sent: no rule matches"],
  [
    "old.o",
    ["pull", "-F", "host:src/", "@dst"],
    'old.o is spared by the rule "-r *.o" in line 1 of .rsync-filter',
  ],
  ["old", ["recv", "-F", "@dst"], "old is not spared: no rule matches"],
  ["sub/b.o/below", ["send", "-F", "@src/"], "sub/b.o/below is sent: no rule matches"],
])("--filter-explain %s: %j", async (path, args, text) => {
  expect(await explain(args[0]!, `--filter-explain=${path}`, ...args.slice(1))).toBe(`rsync-stream: ${text}`);
});

it("programs get the answer in parts", async () => {
  const folder = freshFolder();
  plant(folder, files);
  const args = ["recv", "--json", "-F", "--filter-explain", "old.o", join(folder, "dst")];
  const { stdout } = await rsyncStream(args);
  expect(JSON.parse(stdout.toString())).toMatchObject({
    event: "notice",
    side: "receiver",
    path: "old.o",
    verdict: "excluded",
    rule: "-r *.o",
    file: ".rsync-filter",
    line: 1,
  });
});

it.each([
  ["none", 1, "@none: no such file or directory; rules are asked in a tree (NOT_FOUND)"],
  ["patterns", 2, "@patterns: rules are asked in a directory, and this is none (USAGE)"],
])("a place without a tree is told of: %s", async (place, code, text) => {
  const folder = freshFolder();
  plant(folder, files);
  const args = ["pull", "-F", "--filter-explain=a", "host:src/", join(folder, place)];
  const run = await rsyncStream(args);
  expect(run.stderr.split("\n")[0]).toBe(`rsync-stream: ${text.replace("@", `${folder}/`)}`);
  expect(run.code).toBe(code);
});
