import { execFile, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { expect, it } from "vitest";
import { isSyncError } from "../../src/errors.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { FilterSide } from "../../src/tree/filter/rule.ts";
import { createTreeFilter } from "../../src/tree/filter/tree-filter.ts";
import { transfer } from "../../src/transfer/transfer.node.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { randomRule } from "../random-filters.ts";
import { pick } from "../random-patterns.ts";
import { printedSeed } from "../printed-seed.ts";
import { type SoakLength, soakLength } from "../soak-length.ts";
import {
  latin1,
  listTree,
  makeTree,
  planRules,
  planTree,
  type PlannedTree,
  randomTree,
  rulesIn,
} from "./filter-trees.ts";

const run = promisify(execFile);
type Random = () => number;

/** How many pairs are compared at once, each in a directory of its own. */
const batchSize = 100;

/** Every random rule of a pair of a batch stands in this file of its directory. */
const ownRules = ".own";

/** Two trees, what may stand above them, and rules. */
interface Pair {
  readonly source: PlannedTree;
  readonly target: PlannedTree;
  readonly aboveSource: PlannedTree;
  readonly aboveTarget: PlannedTree;
  readonly rules: readonly string[];
}

/** Whether the source is named without a slash, and what is excluded is deleted as well. */
interface Manner {
  readonly isNamed: boolean;
  readonly deletesExcluded: boolean;
}

function randomManner(random: Random): Manner {
  return { isNamed: random() < 0.3, deletesExcluded: random() < 0.15 };
}

/** @param tops what absolute patterns begin with */
function planPair(random: Random, tops: readonly string[]): Pair {
  const paths = randomTree(random);
  const above = (): PlannedTree =>
    random() < 0.3 ? planRules(random, new Map(), "", paths) : new Map<string, string>();
  return {
    source: planTree(random, paths),
    target: planTree(random, paths),
    aboveSource: above(),
    aboveTarget: above(),
    rules: Array.from({ length: 1 + Math.floor(random() * 5) }, () => randomRule(random, paths, tops)),
  };
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

/** Has rsync change a tree in `folder/to`, and then this program change one that is the same. */
async function changeBoth(
  folder: string,
  make: { readonly from: () => void; readonly to: () => void },
  rules: readonly string[],
  { isNamed, deletesExcluded }: Manner,
) {
  const [from, to, file] = [join(folder, "from"), join(folder, "to"), join(folder, "rules")];
  make.from();
  fs.writeFileSync(file, latin1(rules.join("\n")));
  const [source, target] = [join(from, "src") + (isNamed ? "" : "/"), join(to, "dst")];
  const deletion = deletesExcluded ? ["--delete-excluded", "--delete-after"] : ["--delete-after"];
  const env = { ...process.env, LC_ALL: "C", HOME: folder };
  const filter = [`. ${file}`];
  make.to();
  const expected = await outcome(
    target,
    () =>
      run("rsync", ["-r", "--ignore-times", ...deletion, `--filter=${filter[0]}`, source, target], { env }),
    (thrown) => [1, 12].includes((thrown as { code: number }).code),
  );
  fs.rmSync(to, { recursive: true });
  make.to();
  const got = await outcome(
    target,
    () => transfer(source, target, { filter, deletesExcluded, maxDeletedCount: 1_000_000 }),
    (thrown) => isSyncError(thrown, "USAGE"),
  );
  for (const made of [from, to]) fs.rmSync(made, { recursive: true });
  return { got, expected };
}

/** Compares one pair under rules that are given with the command. */
async function comparePair(random: Random, folder: string): Promise<number> {
  const manner = randomManner(random);
  const pair = planPair(
    random,
    ["from/src", "to/dst", "from"].map((top) => join(folder, top)),
  );
  const { got, expected } = await changeBoth(
    folder,
    {
      from: () => {
        makeTree(join(folder, "from"), pair.aboveSource, 1000);
        makeTree(join(folder, "from/src"), pair.source, 2000);
      },
      to: () => {
        makeTree(join(folder, manner.isNamed ? "to/dst" : "to"), pair.aboveTarget, 3000);
        makeTree(join(folder, manner.isNamed ? "to/dst/src" : "to/dst"), pair.target, 4000);
      },
    },
    pair.rules,
    manner,
  );
  expectEqual(pair, manner, got, expected);
  return 1;
}

function expectEqual(pair: Pair, manner: Manner, got: unknown, expected: unknown): void {
  const { aboveSource, aboveTarget, rules, source, target } = pair;
  const trees = { source, target, aboveSource, aboveTarget };
  const files = Object.fromEntries(Object.entries(trees).map(([name, tree]) => [name, rulesIn(tree)]));
  // rsync reads the files of a merge for one end at the other, too, and those above a directory
  // that is new, where nothing can be deleted; and may find fault with them.
  const texts = [...rules, ...Object.values(files).flatMap((rulesOf) => Object.values(rulesOf))];
  if (expected === "refused" && texts.some((text) => /^:(?:\w*[rs]|.*\.\.\/)/m.test(text))) return;
  if (isDeepStrictEqual(got, expected)) return;
  console.log(JSON.stringify({ ...pair, source: [...source], target: [...target], got, expected }));
  const about = { rules, ...files, ...manner };
  expect({ ...about, got }).toEqual({ ...about, got: expected });
}

/** Compares many pairs, under rules that stand in a file of each. Returns how many it were. */
async function compareBatch(random: Random, folder: string): Promise<number> {
  const manner = randomManner(random);
  const below = manner.isNamed ? "to/dst/src" : "to/dst";
  // What CVS ignores is read once by rsync, and is for all rules what the first of them says.
  const cvsRule = pick(random, ["-C", "-Cs", "-Cp", "+C"]);
  const pairs = Array.from({ length: batchSize }, (_, i) => {
    const pair = planPair(
      random,
      [`from/src/${i}`, `${below}/${i}`].map((top) => join(folder, top)),
    );
    const own = pair.rules.map((rule) => (/^[-+]C/.test(rule) ? cvsRule : rule)).join("\n");
    pair.source.set(ownRules, own);
    return { ...pair, name: String(i), target: new Map([...pair.target, [ownRules, own]]) };
  });

  const make = (
    root: string,
    trees: readonly (readonly [name: string, tree: PlannedTree])[],
    time: number,
  ) => {
    for (const [name, tree] of trees) makeTree(join(folder, root, name), tree, time);
  };
  const compare = async (some: typeof pairs): Promise<void> => {
    const { got, expected } = await changeBoth(
      folder,
      {
        from: () =>
          make(
            "from/src",
            some.map(({ name, source }) => [name, source]),
            1000,
          ),
        to: () =>
          make(
            below,
            some.map(({ name, target }) => [name, target]),
            2000,
          ),
      },
      [`+ /${manner.isNamed ? "src/" : ""}*/`, `: ${ownRules}`],
      manner,
    );
    if (typeof got !== "string" && typeof expected !== "string") {
      const [ours, theirs] = [byPair(got), byPair(expected)];
      expect(theirs.size).toBe(some.length);
      for (const pair of some) expectEqual(pair, manner, ours.get(pair.name), theirs.get(pair.name));
    } else if (some.length === 1) expectEqual(some[0]!, manner, got, expected);
    else
      for (const half of [some.slice(0, some.length >> 1), some.slice(some.length >> 1)]) await compare(half);
  };
  const refused = pairs.filter(isRefused);
  const others = pairs.filter((pair) => !refused.includes(pair));
  await compare(others);
  // One by one they take long, and pairs under rules of a command are refused as well.
  for (const pair of refused.slice(0, 1)) await compare([pair]);
  return others.length + Math.min(refused.length, 1);
}

/** True when a file of rules cannot be read: nothing becomes of a batch with this pair. */
function isRefused({ source, target }: Pair): boolean {
  try {
    readRules(source, "sender");
    for (const tree of [source, target, new Map([...target, ...source])]) readRules(tree, "receiver");
    return false;
  } catch {
    return true;
  }
}

function readRules(tree: PlannedTree, side: FilterSide): void {
  const beside = (dir: string) => (name: string) => {
    const content = tree.get(dir + name);
    return content === undefined ? undefined : latin1(content);
  };
  const top = createTreeFilter([`: ${ownRules}`])
    .open(side, {})
    .enter("", beside(""));
  const entered = new Map([["", top]]);
  for (const [path, content] of tree) {
    if (content !== undefined) continue;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const around = entered.get(path.slice(0, -name.length));
    if (around) entered.set(`${path}/`, around.enter(name, beside(`${path}/`)));
  }
}

/** What became of each pair. */
function byPair(listed: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of listed) {
    const [, name, rest = ""] = /^(?:src\/)?(\d+)\/(.*)$/s.exec(path) ?? [];
    if (name === undefined) continue;
    const paths = found.get(name) ?? [];
    found.set(name, paths);
    paths.push(rest);
  }
  return found;
}

/** Files with rules were read in other ways by older ones, where they are above the tree. */
function oldRsync(): string | undefined {
  const text = spawnSync("rsync", ["--version"], { encoding: "utf8" }).stdout;
  const [, major = 0, minor = 0] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) * 100 + Number(minor) < 305 ? "rsync is older than 3.5" : undefined;
}

/** Compares again and again, each time with a seed of its own. */
async function inRounds(length: SoakLength, compare: (random: Random, folder: string) => Promise<number>) {
  const seed = printedSeed();
  for (let round = 0; length.goesOn(); round++) {
    const folder = freshFolder();
    const count = await compare(seededRandom(seed + round), folder).catch((thrown: unknown) => {
      console.log(`SEED=${seed + round}, in ${folder}`);
      throw thrown;
    });
    fs.rmSync(folder, { recursive: true });
    length.add(count);
  }
  length.tell();
}

unless(missing("rsync") ?? oldRsync()).describe("random trees become what rsync makes of them", () => {
  it("under random rules of a command", () =>
    inRounds(soakLength("pairs of trees and rules of a command", 10, 0.05), comparePair));

  it("under random rules in files of directories", () =>
    inRounds(soakLength("pairs of trees and rules in files", 1), compareBatch));
});
