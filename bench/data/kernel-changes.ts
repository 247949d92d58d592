import * as fs from "node:fs";
import { join } from "node:path";
import { sameBytes } from "../flow/copy-check.ts";
import type { DataSet } from "./data-set.ts";
import { kernel } from "./kernel.ts";
import { runShell } from "./shell.ts";

/** The new version as a tool leaves it that touches only what it changes. */
export const kernelTimes: DataSet = {
  name: "kernel-times",
  title: "a source tree, new times where content is new",
  isTree: true,
  from: [kernel],
  oldOf: kernel,
  needs: kernel.needs!,
  make({ folder, beside }) {
    const tree = join(folder, "new");
    runShell(folder, 'cp -a "$1" "$2"', join(beside, "kernel", "new"), tree);
    keepTimes(tree, join(beside, "kernel", "old"));
  },
};

/** Gives what is the same in an older version its time there. */
function keepTimes(path: string, old: string): void {
  const facts = fs.lstatSync(path);
  const before = fs.lstatSync(old, { throwIfNoEntry: false });
  if (facts.isDirectory()) {
    for (const name of fs.readdirSync(path)) keepTimes(join(path, name), join(old, name));
  }
  if (before === undefined || !isSame(path, facts, old, before)) return;
  if (facts.isSymbolicLink()) fs.lutimesSync(path, before.mtime, before.mtime);
  else fs.utimesSync(path, before.mtime, before.mtime);
}

function isSame(path: string, facts: fs.Stats, old: string, before: fs.Stats): boolean {
  if ((facts.mode & fs.constants.S_IFMT) !== (before.mode & fs.constants.S_IFMT)) return false;
  if (facts.isSymbolicLink()) return fs.readlinkSync(path) === fs.readlinkSync(old);
  return !facts.isFile() || (facts.size === before.size && sameBytes(path, old));
}

const renames = {
  full: ["drivers/net", "drivers/network"],
  quick: ["part-3", "part-of-old"],
} as const;

/** A large directory under another name, all else as it was. */
export const kernelRenamed: DataSet = {
  name: "kernel-renamed",
  title: "a source tree, one directory renamed",
  isTree: true,
  from: [kernel],
  oldOf: kernel,
  needs: kernel.needs!,
  make({ folder, beside, size }) {
    const tree = join(folder, "new");
    runShell(folder, 'cp -a "$1" "$2"', join(beside, "kernel", "old"), tree);
    const [from, to] = renames[size];
    const top = size === "full" ? "linux-source-6.1" : "";
    const moved = join(tree, top, to);
    const parent = join(moved, "..");
    fs.renameSync(join(tree, top, from), moved);
    fs.utimesSync(parent, fs.statSync(moved).mtime, fs.statSync(moved).mtime);
  },
};
