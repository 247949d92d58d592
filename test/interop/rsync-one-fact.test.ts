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
/** Facts that are changed before each run. */
const changedCount = 12;

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
      setTime(setter!, place, 1000, 123_456_789);
    }
    for (const place of [join(dir, "below"), dir]) setTime(setter!, place, 1000, 5);
  }
}

/** Changes one fact of something below a directory. Returns what was done, to be shown. */
function changeOne(random: () => number, root: string): string {
  const below = fs.readdirSync(root, { recursive: true, encoding: "utf8" });
  const path = pick(random, ["", ...below]);
  const place = join(root, path);
  const stats = fs.lstatSync(place);
  const [name, [, change]] = pick(
    random,
    Object.entries(factChanges).filter(([, [suits]]) => suits(stats)),
  );
  change(random, place);
  return `${name} of ${place}`;
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
  const length = soakLength("changed facts", 5 * changedCount);
  while (length.goesOn()) {
    const done: string[] = [];
    while (done.length < changedCount) {
      const end = random() < 0.5 ? from : to;
      done.push(changeOne(random, join(end, `d${Math.floor(random() * dirCount)}`)));
    }
    const about = `SEED=${seed}, ${done.join(", ")}`;
    await sync();
    expect(sent!.sameEntries, about).toBeGreaterThan(0);
    expect(rsyncSees(["-aHAX"], from, to), about).toEqual([]);
    if (!isLong) expect(differences(worldOf(to), worldOf(from)), about).toEqual([]);
    expect(await sync(), about).toEqual([]);
    length.add(changedCount);
  }
  length.tell();
});
