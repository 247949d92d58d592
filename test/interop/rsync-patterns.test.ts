import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import { freshFolder } from "../cli/run.ts";
import { keptBy, type OddPaths, randomPaths, randomRules } from "../random-patterns.ts";
import { missing, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";

const run = promisify(execFile);
const latin1 = (bytes: string): Buffer => Buffer.from(bytes, "latin1");

function plantPaths(root: string, paths: OddPaths): void {
  for (const [path, isDir] of paths) {
    const place = Buffer.concat([Buffer.from(`${root}/`), latin1(path)]);
    if (isDir) fs.mkdirSync(place);
    else fs.writeFileSync(place, "");
  }
}

/** What rsync would copy by these rules. */
async function rsyncKeeps(root: string, rules: readonly string[], file: string): Promise<string[]> {
  fs.writeFileSync(file, latin1(rules.map((rule) => `${rule}\0`).join("")));
  const args = ["-n", "-r", "-0", `--exclude-from=${file}`, "--out-format=%n", `${root}/`, `${root}-copy/`];
  const { stdout } = await run("rsync", args, { encoding: "latin1", env: { ...process.env, LC_ALL: "C" } });
  const lines = stdout
    .split("\n")
    .filter((line) => line !== "" && line !== "./" && !line.startsWith("created "));
  return lines
    .map((line) =>
      line
        .replace(/\/$/, "")
        .replace(/\\#([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))),
    )
    .sort();
}

/** Calls `check` with trees and rules, and what rsync keeps of a tree by these rules. */
async function compare(
  random: () => number,
  treeCount: number,
  check: (paths: OddPaths, rules: readonly string[], kept: string[]) => void,
): Promise<void> {
  for (let trees = 0; trees < treeCount; trees++) {
    const root = join(freshFolder(), "tree");
    fs.mkdirSync(root);
    const paths = randomPaths(random, 50);
    plantPaths(root, paths);
    const cases = Array.from({ length: 20 }, () => randomRules(random, paths));
    await Promise.all(
      cases.map(async (rules, i) => check(paths, rules, await rsyncKeeps(root, rules, `${root}-rules-${i}`))),
    );
  }
}

unless(missing("rsync")).test("10,000 random names and patterns are matched as rsync does", async () => {
  const seed = printedSeed();
  await compare(seededRandom(seed), 10, (paths, rules, kept) => {
    expect({ rules, kept: keptBy(paths, rules) }).toEqual({ rules, kept });
  });
});

/** Writes the answers of rsync that `test/unit/tree/filter/pattern.test.ts` reads. */
async function updateVectors(): Promise<void> {
  const trees = new Map<OddPaths, { rules: readonly string[]; kept: string[] }[]>();
  await compare(seededRandom(1), 12, (paths, rules, kept) => {
    if (kept.length === 0 || kept.length === paths.size) return; // tells little
    const cases = trees.get(paths) ?? [];
    trees.set(paths, cases);
    cases.push({ rules, kept });
  });
  const stored = [...trees].map(([paths, cases]) => ({
    paths: [...paths].map(([path, isDir]) => (isDir ? `${path}/` : path)),
    cases,
  }));
  fs.writeFileSync("test/vectors/rsync-patterns.json", `${JSON.stringify(stored)}\n`);
}

if (process.env["UPDATE_VECTORS"]) test("the stored answers are written anew", updateVectors);
