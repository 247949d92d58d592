import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freshFolder, runShell } from "../cli/run.ts";
import { noise, plant } from "../cli/trees.ts";
import { missing, unless } from "../obstacles.ts";

/** What rsync would change in a copy, content compared. */
function rsyncFinds(from: string, to: string): string {
  const args = ["-aHc", "--delete", "--dry-run", "--itemize-changes", `${from}/`, `${to}/`];
  return execFileSync("rsync", args).toString();
}

/** A tree with odd modes, times and names. */
function oddTree(folder: string): string {
  const root = join(folder, "tree");
  plant(root, {
    "a b": "one",
    "-n": "two",
    "tab\there": "three",
    "deep/er/x": noise(400_000, "x"),
    "run.sh": "#!",
  });
  chmodSync(join(root, "run.sh"), 0o751);
  chmodSync(join(root, "a b"), 0o400);
  utimesSync(join(root, "-n"), 1, 1.5);
  symlinkSync("nowhere at all", join(root, "dangling"));
  execFileSync("sh", ["-c", 'printf x > "$(printf "latin1-\\374")"'], { cwd: root });
  mkdirSync(join(root, "closed"));
  chmodSync(join(root, "closed"), 0o700);
  utimesSync(join(root, "deep"), 10, 10);
  return root;
}

unless(missing("rsync")).describe("rsync finds nothing left to do", () => {
  it.each([
    ["one way", '$RS send "$1/" | $RS recv -q "$2"'],
    ["both ways", 'mkfifo "$3"; $RS send --duplex "$1/" < "$3" | $RS recv -q --duplex "$2" > "$3"'],
  ])("after a copy %s, and after an update of its own copy", async (_, line) => {
    const folder = freshFolder();
    const tree = oddTree(folder);
    const made = await runShell(line, tree, join(folder, "made"), join(folder, "pipe-1"));
    expect(made.code, made.stderr).toBe(0);
    expect(rsyncFinds(tree, join(folder, "made"))).toBe("");
    execFileSync("rsync", ["-a", `${tree}/`, join(folder, "theirs")]);
    appendFileSync(join(tree, "deep/er/x"), "more");
    const updated = await runShell(line, tree, join(folder, "theirs"), join(folder, "pipe-2"));
    expect(updated.code, updated.stderr).toBe(0);
    expect(rsyncFinds(tree, join(folder, "theirs"))).toBe("");
  });
});
