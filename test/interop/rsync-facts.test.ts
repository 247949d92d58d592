import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import { placeAtPath } from "../../src/tree/disk/calls/fact-place.node.ts";
import { aclNames, formatAcl } from "../../src/tree/disk/facts/acl-form.ts";
import { findXattrCalls } from "../../src/tree/disk/facts/xattr-calls.node.ts";
import { timeSetters } from "../../src/tree/disk/calls/times.node.ts";
import type { AclEntry } from "../../src/tree/entry/facts.ts";
import type { Keep } from "../../src/tree/plan/keep.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { setTime } from "../unit/tree/disk/disk-tree.ts";
import { rsyncSees, syncFacts } from "../unit/tree/disk/fact-trees.ts";
import { printedSeed } from "../printed-seed.ts";

type Random = () => number;

const pick = <One>(random: Random, all: readonly One[]): One => all[Math.floor(random() * all.length)]!;

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

const calls = findXattrCalls();

/** What is in a tree beside files, directories and links of one name. */
interface Planted {
  readonly links: boolean;
  readonly specials: boolean;
}

function plantSpecial(random: Random, place: string): void {
  const kind = pick(random, [["p"], ["c", "1", "3"], ["c", "1", "5"], ["b", "7", "300"]]);
  execFileSync("mknod", [place, ...kind]);
}

/** A few names of all kinds, each there or not, so that two trees differ in all ways. */
function plant(random: Random, root: string, { links, specials }: Planted, depth = 2): void {
  fs.mkdirSync(root);
  for (const name of ["a", "b", "c", "d", "e"]) {
    const place = join(root, name);
    const kind = random();
    if (kind < 0.2) continue;
    if (kind < 0.4 && depth > 0) plant(random, place, { links, specials }, depth - 1);
    else if (specials && kind < 0.48) plantSpecial(random, place);
    else if (kind < 0.55) fs.symlinkSync(pick(random, ["a", "b"]), place);
    else fs.writeFileSync(place, pick(random, ["", "x", "yy", "z".repeat(5000)]));
    if (kind >= 0.4 || depth === 0) dress(random, place);
  }
  if (links && random() < 0.6) linkSome(random, root);
  dress(random, root);
}

/** Gives some leaves below a directory further names in it. */
function linkSome(random: Random, root: string): void {
  const all = fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((one) => !one.isDirectory());
  for (const name of ["f", "g", "h"]) {
    const one = pick(random, [...all, undefined]);
    if (one) fs.linkSync(join(one.parentPath, one.name), join(root, name));
  }
}

/** Gives something facts of all kinds. */
function dress(random: Random, place: string): void {
  const stats = fs.lstatSync(place);
  fs.lchownSync(place, pick(random, [0, 1, 70_001]), pick(random, [0, 2, 80_001]));
  if (!stats.isSymbolicLink()) fs.chmodSync(place, 0o600 | Math.floor(random() * 0o10000));
  const at = placeAtPath(place);
  const isPlain = !stats.isSymbolicLink();
  const mayHave = stats.isFile() || stats.isDirectory();
  for (const name of mayHave ? ["user.a", "user.b", "trusted.c"] : ["trusted.c"])
    if (random() < 0.2) calls!.set(at, name, Buffer.from(pick(random, ["", "1", "2\0"])));
  if (isPlain && random() < 0.25) calls!.set(at, aclNames.acl, formatAcl(randomAcl(random)));
  if (stats.isDirectory() && random() < 0.2)
    calls!.set(at, aclNames.defaultAcl, formatAcl(randomAcl(random)));
  const accessed = { sec: 1000 + Math.floor(random() * 3), nsec: 5 };
  const [sec, nsec] = [1000 + Math.floor(random() * 2), pick(random, [0, 123_456_789])];
  setTime(
    { ...timeSetters()[0]!, setAt: (...given) => timeSetters()[0]!.setAt(given[0], sec, nsec, accessed) },
    place,
    sec,
    nsec,
  );
}

function randomAcl(random: Random): readonly AclEntry[] {
  const permissions = (): number => Math.floor(random() * 8);
  return [
    { tag: "user-owner", permissions: 6 | permissions() },
    { tag: "user", permissions: permissions(), owner: { id: pick(random, [1, 70_003]) } },
    { tag: "group-owner", permissions: permissions() },
    ...(random() < 0.5 ? [{ tag: "group", permissions: permissions(), owner: { id: 2 } } as const] : []),
    { tag: "mask", permissions: permissions() },
    { tag: "other", permissions: permissions() },
  ];
}

const { test } = unless(
  notRoot ?? missing("rsync") ?? (calls ? undefined : "there are no extended attributes"),
);

const runs = Number(process.env["RSYNC_FACTS_RUNS"] ?? 20);

test("rsync finds no difference in trees that were synced, whatever was asked for and was there", async () => {
  const seed = printedSeed();
  const random = seededRandom(seed);
  for (let run = 0; run < runs; run++) {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    const all = run % 2 === 0;
    const chosen = asked.filter(() => all || random() < 0.5);
    const keep: Keep = Object.assign({}, ...chosen.map(([, fact]) => fact)) as Keep;
    const options = chosen.map(([option]) => option);
    plant(random, from, { links: true, specials: keep.devices === true });
    // Without -H what is set under one name is so under the others, as with rsync.
    const links = keep.hardLinks === true && random() < 0.5;
    if (random() < 0.7) plant(random, to, { links, specials: true });
    const about = `seed ${seed}, run ${run}, ${options.join(" ")}`;
    const isOneWay = random() < 0.3;
    const sync = () => syncFacts(`${from}/`, to, keep, { isOneWay, maxDeletedCount: 1000 });
    expect((await sync()).troubles, about).toEqual([]);
    expect((await sync()).changes, about).toEqual([]);
    // Without -p bits that are not asked for stay as they are.
    const seen = rsyncSees(["-rlt", ...options], from, to).filter((line) => line !== ".");
    expect(seen, about).toEqual([]);
    fs.rmSync(folder, { recursive: true });
  }
});
