import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { createTreeFilter } from "../../src/tree/filter/tree-filter.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { type OddPaths, pick, randomPaths, randomPattern } from "../random-patterns.ts";
import { printedSeed } from "../printed-seed.ts";

const latin1 = (bytes: string): Buffer => Buffer.from(bytes, "latin1");

/** `npm run soak` sets how long; the short form is a number of trees, however long they take. */
const soakMs = Number(process.env["SOAK_MS"] ?? 0);
const shortCount = 40;

/** The lines of a `.gitignore`. */
function randomLines(random: () => number, paths: OddPaths): string {
  const count = 1 + Math.floor(random() * 4);
  const lines = Array.from({ length: count }, () => {
    const pattern = randomPattern(random, paths).replaceAll(/[\n\0]/g, "?");
    const front = pick(random, ["", "", "", "!", "/", "**/", "#", "\\"]);
    const end = pick(random, ["", "", "", "/", "/**", " ", "\\ "]);
    // What `a**/` means depended on where its text lay in memory until Git 2.41.
    return front + (pattern + end).replaceAll(/(?<=[^/*])\*\*+/g, "*");
  });
  return lines.join(pick(random, ["\n", "\n", "\r\n"])) + pick(random, ["\n", ""]);
}

/** Makes a tree in which some directories say what Git ignores. Returns what they say. */
function plant(random: () => number, root: string): Record<string, string> {
  const paths = randomPaths(random, 40);
  fs.mkdirSync(root);
  execFileSync("git", ["init", "-q", root]);
  const dirs = [""];
  for (const [path, isDir] of paths) {
    const place = latin1(`${root}/${path}`);
    if (!isDir) fs.writeFileSync(place, "");
    else fs.mkdirSync(place);
    if (isDir) dirs.push(`${path}/`);
  }
  const rules: Record<string, string> = {};
  for (const dir of dirs.filter((dir) => dir === "" || random() < 0.3)) {
    rules[dir] = randomLines(random, paths);
    fs.writeFileSync(latin1(`${root}/${dir}.gitignore`), latin1(rules[dir]));
  }
  return rules;
}

/** What Git would add. */
function listByGit(root: string): string[] {
  const args = ["-C", root, "ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  return execFileSync("git", args, { encoding: "latin1", env }).split("\0").slice(0, -1).sort();
}

/** The files that would be sent. */
async function listFiltered(root: string): Promise<string[]> {
  const filter = createTreeFilter(["- /.git/", ":g .gitignore"]);
  const source = await openTreeSource(`${root}/`, { filter });
  const names: string[] = [];
  const files: string[] = [];
  for await (const batch of source.entries({})) {
    for (const { entry } of batch) {
      names.splice(entry.depth, names.length, latin1Text(entry.name));
      if (entry.kind === "file") files.push(names.slice(1).join("/"));
    }
  }
  await source.close();
  return files.sort();
}

const latin1Text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

unless(missing("git")).test(
  "of random trees is sent what Git would add",
  async () => {
    const seed = printedSeed();
    const random = seededRandom(seed);
    const end = Date.now() + soakMs;
    let count = 0;
    for (; count < shortCount || Date.now() < end; count++) {
      const root = `${freshFolder()}/tree`;
      const rules = plant(random, root);
      const expected = listByGit(root);
      expect({ rules, files: await listFiltered(root) }).toEqual({ rules, files: expected });
      fs.rmSync(root, { recursive: true });
    }
    console.log(`${count} trees`);
  },
  soakMs + 600_000,
);
