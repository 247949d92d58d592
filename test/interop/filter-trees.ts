import fs from "node:fs";
import { dirname } from "node:path";
import { randomRuleFile, ruleFiles } from "../random-filters.ts";
import { type OddPaths, pick, randomText } from "../random-patterns.ts";

type Random = () => number;

/** What is in the files of a tree that is to be made, a character a byte; none for directories. */
export type PlannedTree = Map<string, string | undefined>;

/** Bytes of a text of one character a byte. */
export const latin1 = (bytes: string): Buffer => Buffer.from(bytes, "latin1");

/** Paths with directories of plain names, as those are part of patterns in rsync. */
export function randomTree(random: Random): OddPaths {
  const paths = new Map<string, boolean>();
  const dirs = [""];
  while (paths.size < 25) {
    const isDir = random() < 0.35;
    const name = isDir ? pick(random, ["a", "b", "c", "aa", "ab", ".d", "CVS"]) : randomText(random, 2);
    const path = pick(random, dirs) + name;
    if (name === "." || name === ".." || paths.has(path) || path.split("/").length > 4) continue;
    paths.set(path, isDir);
    if (isDir) dirs.push(`${path}/`);
  }
  return paths;
}

/** Some of a tree, and files with rules in some of its directories. */
export function planTree(random: Random, paths: OddPaths): PlannedTree {
  const planned: PlannedTree = new Map();
  const dirs = [""];
  for (const [path, isDir] of paths) {
    const around = path.includes("/") ? `${dirname(path)}/` : "";
    if (!dirs.includes(around) || random() < 0.25) continue;
    planned.set(path, isDir ? undefined : "");
    if (isDir) dirs.push(`${path}/`);
  }
  for (const dir of dirs) if (random() < 0.35) planRules(random, planned, dir, paths);
  return planned;
}

/** Plans a file with rules in a directory. */
export function planRules(random: Random, planned: PlannedTree, dir: string, paths: OddPaths): PlannedTree {
  return planned.set(dir + pick(random, ruleFiles), randomRuleFile(random, paths));
}

/** Makes a tree that was planned. No two files of rules have the same time, so each is copied. */
export function makeTree(root: string, planned: PlannedTree, time: number): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [path, content] of planned) {
    const place = latin1(`${root}/${path}`);
    if (content === undefined) fs.mkdirSync(place);
    else fs.writeFileSync(place, latin1(content));
    if (content) fs.utimesSync(place, time, time);
  }
}

/** The paths of a tree, in order; those of directories end in a slash. */
export function listTree(root: string, below = ""): string[] {
  const found = fs.readdirSync(latin1(`${root}/${below}`), { withFileTypes: true, encoding: "buffer" });
  return found
    .flatMap((one) => {
      const path = `${below}${one.name.toString("latin1")}`;
      return one.isDirectory() ? [`${path}/`, ...listTree(root, `${path}/`)] : [path];
    })
    .sort();
}

/** The files with rules, and what is in them. */
export function rulesIn(planned: PlannedTree): Record<string, string> {
  return Object.fromEntries([...planned].filter((entry): entry is [string, string] => !!entry[1]));
}
