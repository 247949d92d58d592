import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { itemizedFormat } from "../../src/cli/options/report-options.ts";
import { changeFormat } from "../../src/cli/report/change-format.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { transfer } from "../../src/transfer/transfer.node.ts";
import { freshFolder } from "../cli/run.ts";
import type { TreeChange } from "../../src/tree/entry/entry.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { pick, plantFewNames } from "./few-names.ts";
import { printedSeed } from "../printed-seed.ts";

const format = changeFormat(itemizedFormat, { way: "received" });
const untimed = changeFormat(itemizedFormat, { way: "received", keepsTimes: false });

/** Changes some modes, so that they differ alone and with all else. */
function changeModes(random: () => number, dir: string): void {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true, recursive: true }))
    if (!entry.isSymbolicLink() && random() < 0.3)
      fs.chmodSync(join(entry.parentPath, entry.name), pick(random, [0o700, 0o755]));
}

/** In the order of names, a directory before what is in it; what is deleted comes last. */
function inOrder(lines: readonly string[]): readonly string[] {
  const pathOf = (line: string): Buffer =>
    Buffer.from(
      line
        .slice(12)
        .replace(/\/$/, "")
        .replace(/ -> .*/, ""),
    );
  const components = (line: string): readonly string[] => pathOf(line).toString("latin1").split("/");
  const compare = (a: readonly string[], b: readonly string[]): number => {
    const at = a.findIndex((name, i) => name !== b[i]);
    if (at < 0 || at >= b.length) return a.length - b.length;
    return a[at]! < b[at]! ? -1 : 1;
  };
  const [kept, deleted] = [false, true].map((isDeleted) =>
    lines.filter((line) => line.startsWith("*deleting") === isDeleted),
  ) as [string[], string[]];
  return [...kept.toSorted((a, b) => compare(components(a), components(b))), ...deleted];
}

unless(missing("rsync")).test("a dry run tells by letters what rsync tells", async () => {
  const seed = printedSeed();
  const random = seededRandom(seed);
  for (let round = 0; round < 20; round++) {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    for (const dir of [from, to]) {
      plantFewNames(random, dir, { mixed: round % 2 === 0 });
      changeModes(random, dir);
      fs.utimesSync(dir, 1000 + Math.floor(random() * 2), 1000);
    }
    const windowSec = round % 3 === 0 ? 1 : 0;
    const flags = ["-rlpt", "-in", "--delete", `--modify-window=${windowSec}`];
    flags.push(`--out-format=${itemizedFormat}`);
    const told = execFileSync("rsync", [...flags, `${from}/`, `${to}/`]).toString();
    const lines: string[] = [];
    const options = { dryRun: true, maxDeletedCount: 1000, rule: { windowSec } };
    await transfer(`${from}/`, to, { ...options, onChange: (change) => void lines.push(format(change)) });
    const theirs = told.split("\n").filter((line) => line !== "");
    // What takes the place of a directory with content is told when that is empty.
    if (round % 2 === 1) expect(lines, `seed ${seed}, round ${round}`).toEqual(inOrder(lines));
    expect(lines.sort(), `seed ${seed}, round ${round}`).toEqual(theirs.sort());
    fs.rmSync(folder, { recursive: true });
  }
});

unless(missing("rsync") ?? missing("setfattr") ?? missing("setfacl") ?? notRoot).test(
  "owners, ACLs and attributes have letters, too",
  async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    for (const dir of [from, to]) {
      fs.mkdirSync(dir);
      for (const name of ["acl", "group", "owner", "xattr"]) {
        fs.writeFileSync(join(dir, name), "");
        fs.utimesSync(join(dir, name), 1000, 1000);
      }
      fs.utimesSync(dir, 1000, 1000);
    }
    fs.chownSync(join(from, "owner"), 12, 0);
    fs.chownSync(join(from, "group"), 0, 12);
    execFileSync("setfattr", ["-n", "user.a", "-v", "b", join(from, "xattr")]);
    execFileSync("setfacl", ["-m", "u:12:r", join(from, "acl")]);
    const told = execFileSync("rsync", ["-aAXin", `${from}/`, `${to}/`]).toString();
    const lines: string[] = [];
    const keep = { owner: true, group: true, acls: true, xattrs: true };
    const options = { dryRun: true, keep, onChange: (change: TreeChange) => void lines.push(format(change)) };
    await transfer(`${from}/`, to, options);
    expect(lines.sort()).toEqual(told.trimEnd().split("\n").sort());
  },
);

unless(missing("rsync")).test("where no time is set, what is written anew has another letter", async () => {
  const folder = freshFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  for (const [dir, text, time] of [
    [from, "new", 2000],
    [to, "older", 1000],
  ] as const) {
    fs.mkdirSync(dir);
    for (const name of ["content", "mode"]) fs.writeFileSync(join(dir, name), name === "mode" ? "" : text);
    fs.symlinkSync(text, join(dir, "link"));
    fs.utimesSync(join(dir, "content"), time, time);
    fs.utimesSync(join(dir, "mode"), 1000, 1000);
  }
  fs.chmodSync(join(from, "mode"), 0o600);
  const told = execFileSync("rsync", ["-rlpin", `${from}/`, `${to}/`]).toString();
  const lines: string[] = [];
  const onChange = (change: TreeChange): void => void lines.push(untimed(change));
  await transfer(`${from}/`, to, { dryRun: true, keep: { times: false }, onChange });
  expect(lines.sort()).toEqual(told.trimEnd().split("\n").sort());
});

unless(missing("rsync")).test("further names of files have their letter and the first name", async () => {
  const random = seededRandom(printedSeed());
  for (let round = 0; round < 4; round++) {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    for (const dir of [from, to]) plantFewNames(random, dir, { mixed: false });
    fs.writeFileSync(join(from, "one"), "one");
    fs.utimesSync(join(from, "one"), 2000, 2000);
    for (const name of ["two", "three"]) fs.linkSync(join(from, "one"), join(from, name));
    if (round % 2 === 0)
      for (const name of ["one", "two"]) {
        fs.writeFileSync(join(to, name), "");
        fs.utimesSync(join(to, name), 1000, 1000);
      }
    fs.utimesSync(from, 2000, 2000); // rsync compares whole seconds
    fs.utimesSync(to, 1000, 1000);
    const flags = ["-rlptH", "-i", "--delete", `--out-format=${itemizedFormat}`];
    const told = execFileSync("rsync", [...flags, "-n", `${from}/`, `${to}/`]).toString();
    // Which of several new names is the first is for each program to say.
    const unnamed = (line: string): string => line.replace(/\b(one|two|three)\b/g, "name");
    const theirs = told.split("\n").filter((line) => line !== "");
    for (const dryRun of [true, false]) {
      const lines: string[] = [];
      const options = { dryRun, maxDeletedCount: 1000, keep: { hardLinks: true } };
      await transfer(`${from}/`, to, { ...options, onChange: (change) => void lines.push(format(change)) });
      expect(lines.map(unnamed).sort(), `round ${round}, dry run ${dryRun}`).toEqual(
        theirs.map(unnamed).sort(),
      );
    }
    fs.rmSync(folder, { recursive: true });
  }
});
