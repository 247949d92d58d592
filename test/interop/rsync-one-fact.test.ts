import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import type { SendSummary } from "../../src/session/send.ts";
import { timeSetters } from "../../src/tree/disk/calls/times.node.ts";
import type { TreeChange } from "../../src/tree/entry/entry.ts";
import type { Keep } from "../../src/tree/plan/keep.ts";
import { freshFolder } from "../cli/run.ts";
import { differences, worldOf } from "../faults/world.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { soakLength } from "../soak-length.ts";
import { setTime } from "../unit/tree/disk/disk-tree.ts";
import { rsyncSees, syncFacts } from "../unit/tree/disk/fact-trees.ts";
import { factChanges } from "./fact-changes.ts";
import { pick } from "./few-names.ts";
import { calls } from "./planted-facts.ts";

/** In the long form there are so many entries that a session compares directories by itself. */
const isLong = process.env["SOAK_MS"] !== undefined;
const dirCount = isLong ? 900 : 20;
/** Files and links in each directory, one of which holds half of the files. */
const nameCount = 20;
const changes = Object.entries(factChanges);

const keep: Keep = {
  specialBits: true,
  owner: true,
  group: true,
  hardLinks: true,
  xattrs: true,
  acls: true,
  devices: true,
  specials: true,
};

const { test } = unless(
  notRoot ?? missing("rsync") ?? (calls ? undefined : "there are no extended attributes"),
);

function plant(root: string): void {
  const [setter] = timeSetters();
  for (let i = 0; i < dirCount; i++) {
    const dir = join(root, `d${i}`);
    fs.mkdirSync(join(dir, "below"), { recursive: true });
    for (let j = 0; j < nameCount; j++) {
      const place = join(dir, j % 2 === 0 ? "below" : "", `f${j}`);
      if (j % 7 === 0) fs.symlinkSync("c", place);
      else fs.writeFileSync(place, "x".repeat(j % 3));
      fs.lchownSync(place, j % 2 === 0 ? 0 : 70_001, 70_001);
      setTime(setter!, place, 1000, 123_456_789);
    }
    for (const place of [join(dir, "below"), dir]) setTime(setter!, place, 1000, 5);
  }
}

/** Some numbers below another one, each once. */
function someOf(random: () => number, count: number, below: number): readonly number[] {
  const found = new Set<number>();
  while (found.size < count) found.add(Math.floor(random() * below));
  return [...found];
}

/** Changes each fact once, in a directory of its own at one of the ends. Says what was done. */
function changeAll(random: () => number, from: string, to: string): string {
  const dirs = someOf(random, changes.length, dirCount);
  const done = changes.map(([name, [suits, change]], i) => {
    // Names of one file at a destination stay that where nothing differs, as with rsync.
    const end = random() < 0.5 || name === "hard link" ? from : to;
    const dir = join(end, `d${dirs[i]}`);
    const below = fs.readdirSync(dir, { recursive: true, encoding: "utf8" });
    const places = [dir, ...below.map((path) => join(dir, path))];
    const place = pick(
      random,
      places.filter((each) => suits(fs.lstatSync(each))),
    );
    change(random, place);
    return `${name} of ${place}`;
  });
  return done.join(", ");
}

test("one other fact of one entry, at either end, arrives in a tree whose directories are compared", async () => {
  const seed = printedSeed();
  const random = seededRandom(seed);
  const folder = freshFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  plant(from);
  let sent: SendSummary | undefined;
  const sync = async (): Promise<readonly string[]> => {
    const told: string[] = [];
    const { troubles } = await syncFacts(`${from}/`, to, keep, {
      isLarge: !isLong,
      maxDeletedCount: 100_000,
      onChange: ({ change, path, differs }: TreeChange) =>
        void told.push(`${change} ${path}: ${differs.join()}`),
      onSent: (summary) => void (sent = summary),
    });
    expect(troubles).toEqual([]);
    return told;
  };
  await sync();
  const length = soakLength("changed facts", 5 * changes.length);
  while (length.goesOn()) {
    const about = `SEED=${seed}, ${changeAll(random, from, to)}`;
    await sync();
    expect(sent!.sameEntries, about).toBeGreaterThan(0);
    expect(rsyncSees(["-aHAX"], from, to), about).toEqual([]);
    if (!isLong) expect(differences(worldOf(to), worldOf(from)), about).toEqual([]);
    expect(await sync(), about).toEqual([]);
    length.add(changes.length);
  }
  length.tell();
});
