import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import type { TreeTargetOptions } from "../../src/tree/disk/target/target-options.node.ts";
import type { TreeChange } from "../../src/tree/entry/entry.ts";
import type { Keep } from "../../src/tree/plan/keep.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { freshFolder } from "../cli/run.ts";
import { differences, worldOf } from "../faults/world.ts";
import { rsyncSees, syncFacts } from "../unit/tree/disk/fact-trees.ts";
import { printedSeed } from "../printed-seed.ts";
import { soakLength } from "../soak-length.ts";
import { calls, plantFacts } from "./planted-facts.ts";

/** Options of rsync, and what they ask for here. */
const asked: readonly (readonly [option: string, keep: Keep])[] = [
  ["-p", { specialBits: true }],
  ["-o", { owner: true }],
  ["-g", { group: true }],
  ["-X", { xattrs: true }],
  ["-A", { acls: true, specialBits: true }], // as it asks for -p, too,
  ["-U", { atimes: true }],
  ["-H", { hardLinks: true }],
  ["-D", { devices: true, specials: true }],
];

const { test } = unless(
  notRoot ?? missing("rsync") ?? (calls ? undefined : "there are no extended attributes"),
);

/** Trees that are synced at once; more of them cost less each. */
const treeCount = process.env["SOAK_MS"] === undefined ? 10 : 100;

test("rsync finds no difference in trees that were synced, whatever was asked for and was there", async () => {
  const seed = printedSeed();
  const length = soakLength("random trees", 10 * treeCount);
  for (let round = 0; length.goesOn(); round++) {
    const folder = freshFolder();
    const random = seededRandom(seed + round);
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    const [isAll, isLarge] = [random() < 0.5, random() < 0.5];
    // Directories are not told by digests where access times are asked for.
    const isMeant = (option: string): boolean => isAll && !(isLarge && option === "-U");
    const chosen = asked.filter(([option]) => isMeant(option) || random() < 0.5);
    const keep: Keep = Object.assign({}, ...chosen.map(([, fact]) => fact)) as Keep;
    const options = chosen.map(([option]) => option);
    // Without -H what is set under one name is so under the others, as with rsync.
    const links = keep.hardLinks === true && random() < 0.5;
    for (const dir of [from, to]) fs.mkdirSync(dir);
    for (let i = 0; i < treeCount; i++) {
      plantFacts(random, join(from, String(i)), { links: true, specials: keep.devices === true });
      if (random() < 0.7) plantFacts(random, join(to, String(i)), { links, specials: true });
    }
    const about = `SEED=${seed + round}, ${options.join(" ")}`;
    const isOneWay = random() < 0.3;
    const again: string[] = [];
    const onChange = ({ change, path, differs }: TreeChange): void =>
      void again.push(`${change} ${path}: ${differs.join()}`);
    const sync = (options: TreeTargetOptions = {}) =>
      syncFacts(`${from}/`, to, keep, { isOneWay, isLarge, maxDeletedCount: 100_000, ...options });
    expect((await sync()).troubles, about).toEqual([]);
    // What is set does not need to be set again; nor is what a look at it changes, its access time.
    await sync({ onChange });
    expect(again, about).toEqual([]);
    const seen = rsyncSees(["-rlt", ...options], from, to);
    expect(seen, about).toEqual([]);
    if (isAll) expect(differences(worldOf(to), worldOf(from)), about).toEqual([]);
    fs.rmSync(folder, { recursive: true });
    length.add(treeCount);
  }
  length.tell();
});
