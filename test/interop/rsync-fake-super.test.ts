import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Keep } from "../../src/tree/plan/keep.ts";
import { placeAtPath } from "../../src/tree/disk/calls/fact-place.node.ts";
import { differences, worldOf } from "../faults/world.ts";
import { builtCli } from "../built.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { rsyncSees, syncFacts } from "../unit/tree/disk/fact-trees.ts";
import { inRounds } from "./few-names.ts";
import { calls, plantFacts } from "./planted-facts.ts";

const { test } = unless(
  notRoot ?? missing("rsync") ?? (calls ? undefined : "there are no extended attributes"),
);

const all: Keep = {
  specialBits: true,
  owner: true,
  group: true,
  devices: true,
  specials: true,
  hardLinks: true,
  xattrs: true,
};
const rsyncOptions = ["-rlptgoDHX", "--fake-super"];
const special = { links: true, specials: true };

/** A tree whose attributes an ordinary user may set: rsync has other names for the others. */
function plantTree(random: () => number, root: string): void {
  plantFacts(random, root, special);
  for (const name of ["", ...(fs.readdirSync(root, { recursive: true }) as string[])])
    calls!.remove(placeAtPath(join(root, name)), "trusted.c");
}

function rsyncCopies(from: string, to: string, ...options: readonly string[]): void {
  const { status, stderr } = spawnSync("rsync", [...options, `${from}/`, `${to}/`], { encoding: "latin1" });
  if (status !== 0) throw new Error(stderr);
}

test("rsync --fake-super sees no difference in what was received so, and it can be given back", () =>
  inRounds(8, async (random, folder, round) => {
    const [from, to, back, theirs] = ["from", "to", "back", "theirs"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    plantTree(random, from);
    if (random() < 0.5) {
      plantTree(random, join(folder, "before"));
      await syncFacts(`${folder}/before/`, to, { ...all, fakeSuper: "receiver" });
    }
    const sync = (isOneWay = false) =>
      syncFacts(`${from}/`, to, { ...all, fakeSuper: "receiver" }, { isOneWay, maxDeletedCount: 100 });
    expect((await sync(random() < 0.3)).troubles, round).toEqual([]);
    expect(await sync(), round).toEqual({ changes: [], troubles: [], unkept: [] });
    expect(rsyncSees(rsyncOptions, from, to), round).toEqual([]);
    const kinds = fs.readdirSync(to, { recursive: true, withFileTypes: true });
    expect(
      kinds.filter((one) => !one.isFile() && !one.isDirectory()),
      round,
    ).toEqual([]);

    await syncFacts(`${to}/`, back, { ...all, fakeSuper: "sender" });
    expect(differences(worldOf(back), worldOf(from)), round).toEqual([]);
    expect(rsyncSees(["-rlptgoDHX"], from, back), round).toEqual([]);

    fs.mkdirSync(theirs);
    rsyncCopies(from, theirs, ...rsyncOptions);
    const again = await syncFacts(`${from}/`, theirs, { ...all, fakeSuper: "receiver" });
    expect(again, round).toEqual({ changes: [], troubles: [], unkept: [] });
  }));

test("who is not root keeps owners and devices by the command", async () =>
  inRounds(1, async (random, folder) => {
    const [from, to, back] = ["from", "to", "back"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    plantTree(random, from);
    fs.chmodSync(folder, 0o755);
    fs.mkdirSync(to);
    const nobody = 65_534;
    fs.chownSync(to, nobody, nobody);
    // What root alone may read stays readable to the test's other user.
    for (const one of fs.readdirSync(from, { recursive: true, withFileTypes: true }))
      if (!one.isSymbolicLink()) {
        const path = join(one.parentPath, one.name);
        fs.chmodSync(path, fs.statSync(path).mode | 0o555);
      }
    fs.chmodSync(from, 0o755);
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [builtCli(), "sync", ...args], {
        uid: nobody,
        gid: nobody,
        encoding: "utf8",
      });
    const words = ["-aHX", "--fake-super", `${from}/`, to];
    expect(run(...words)).toMatchObject({ status: 0 });
    expect(run("-i", ...words)).toMatchObject({ status: 0, stdout: "" });
    expect(rsyncSees(rsyncOptions, from, to)).toEqual([]);
    await syncFacts(`${to}/`, back, { ...all, fakeSuper: "sender" });
    expect(differences(worldOf(back), worldOf(from))).toEqual([]);
  }));
