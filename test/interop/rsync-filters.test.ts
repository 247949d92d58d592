import { execFile, spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { isSyncError } from "../../src/errors.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { transfer } from "../../src/transfer/transfer.node.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { randomRule, randomRuleFile, ruleFiles } from "../random-filters.ts";
import { type OddPaths, pick, randomText } from "../random-patterns.ts";
import { printedSeed } from "../printed-seed.ts";

const run = promisify(execFile);
const latin1 = (bytes: string): Buffer => Buffer.from(bytes, "latin1");
type Random = () => number;

/** `npm run soak` sets how long; the short form is a number of pairs, however long they take. */
const soakMs = Number(process.env["SOAK_MS"] ?? 0);
const shortCount = 50;

/** Paths with directories of plain names, as those are part of patterns in rsync. */
function randomTree(random: Random): OddPaths {
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

/** Makes some of a tree, and files with rules in some of its directories. */
function plant(random: Random, root: string, paths: OddPaths): void {
  fs.mkdirSync(root);
  const made = new Set([""]);
  for (const [path, isDir] of paths) {
    const around = path.includes("/") ? dirname(path) : "";
    if (!made.has(around) || random() < 0.25) continue;
    const place = latin1(`${root}/${path}`);
    if (isDir) fs.mkdirSync(place);
    else fs.writeFileSync(place, "");
    if (isDir) made.add(path);
  }
  for (const dir of made) {
    if (random() < 0.35) plantRules(random, join(root, dir), paths);
  }
}

function plantRules(random: Random, dir: string, paths: OddPaths): void {
  const place = join(dir, pick(random, ruleFiles));
  fs.writeFileSync(place, latin1(randomRuleFile(random, paths)));
  const time = random() * 1e9; // two that were written at once might seem to be the same
  fs.utimesSync(place, time, time);
}

function listTree(root: string, below = ""): string[] {
  const found = fs.readdirSync(latin1(`${root}/${below}`), { withFileTypes: true, encoding: "buffer" });
  return found
    .flatMap((one) => {
      const path = `${below}${one.name.toString("latin1")}`;
      return one.isDirectory() ? [`${path}/`, ...listTree(root, `${path}/`)] : [path];
    })
    .sort();
}

/** The files with rules, and what is in them. */
function listRules(root: string): Record<string, string> {
  const files = listTree(root).filter((path) => ruleFiles.some((name) => path.endsWith(`/${name}`)));
  return Object.fromEntries(
    files.map((path) => [path, fs.readFileSync(latin1(`${root}/${path}`), "latin1")]),
  );
}

/** What a tree becomes, or that the rules are refused. */
async function outcome(root: string, work: () => Promise<unknown>, refused: (thrown: unknown) => boolean) {
  try {
    await work();
  } catch (thrown) {
    if (refused(thrown)) return "refused";
    throw thrown;
  }
  return listTree(root);
}

/** Compares one pair of trees under one set of rules with what rsync makes of them. */
async function compare(random: Random, folder: string): Promise<void> {
  const paths = randomTree(random);
  const from = join(folder, "from", "src");
  fs.mkdirSync(dirname(from), { recursive: true });
  plant(random, from, paths);
  if (random() < 0.3) plantRules(random, dirname(from), paths);
  const [here, there] = [join(folder, "here", "dst"), join(folder, "there", "dst")];
  const isNamed = random() < 0.3;
  fs.mkdirSync(dirname(here));
  if (isNamed) fs.mkdirSync(here);
  plant(random, isNamed ? join(here, "src") : here, paths);
  if (random() < 0.3) plantRules(random, isNamed ? here : dirname(here), paths);
  await run("cp", ["-a", dirname(here), dirname(there)]);
  const count = 1 + Math.floor(random() * 5);
  const tops = [from, here, dirname(from)];
  const rules = Array.from({ length: count }, () => randomRule(random, paths, tops));
  const file = join(folder, "rules");
  fs.writeFileSync(file, latin1(rules.join("\n")));
  const deletesExcluded = random() < 0.15;
  const source = isNamed ? from : `${from}/`;
  const deletion = deletesExcluded ? ["--delete-excluded", "--delete-after"] : ["--delete-after"];
  const about = { rules, isNamed, deletesExcluded, files: listRules(folder) };
  const args = ["-r", "--ignore-times", ...deletion, `--filter=. ${file}`, source, there];
  const env = { ...process.env, LC_ALL: "C", HOME: folder };
  // Absolute patterns name the place here, which is another one for rsync.
  const forRsync = rules.map((rule) => rule.replaceAll(here, there)).join("\n");
  const expected = await outcome(
    there,
    async () => {
      fs.writeFileSync(`${file}-there`, latin1(forRsync));
      args[args.indexOf(`--filter=. ${file}`)] = `--filter=. ${file}-there`;
      await run("rsync", args, { env });
    },
    (thrown) => [1, 12].includes((thrown as { code: number }).code),
  );
  const got = await outcome(
    here,
    () => transfer(source, here, { filter: [`. ${file}`], deletesExcluded, maxDeletedCount: 10_000 }),
    (thrown) => isSyncError(thrown, "USAGE"),
  );
  // rsync reads the files of a merge for one end at the other, too, and those above a directory
  // that is new, where nothing can be deleted; and may find fault with them.
  if (expected === "refused" && rules.some((rule) => /^:(?:\w*[rs]|.*\.\.\/)/.test(rule))) return;
  expect({ ...about, got }).toEqual({ ...about, got: expected });
}

/** Files with rules were read in other ways by older ones, where they are above the tree. */
function oldRsync(): string | undefined {
  const text = spawnSync("rsync", ["--version"], { encoding: "utf8" }).stdout;
  const [, major = 0, minor = 0] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) * 100 + Number(minor) < 305 ? "rsync is older than 3.5" : undefined;
}

unless(missing("rsync") ?? oldRsync()).test(
  "random trees become, under random rules, what rsync makes of them",
  async () => {
    const seed = printedSeed();
    const end = Date.now() + soakMs;
    let count = 0;
    for (; count < shortCount || Date.now() < end; count++) {
      const folder = freshFolder();
      await compare(seededRandom(seed + count), folder).catch((thrown: unknown) => {
        console.log(`pair ${count}: SEED=${seed + count}, in ${folder}`);
        throw thrown;
      });
      fs.rmSync(folder, { recursive: true });
    }
    console.log(`${count} pairs of trees and rules`);
  },
  soakMs + 600_000,
);
