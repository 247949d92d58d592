import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import type { Keep } from "../../src/tree/plan/keep.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { syncFacts } from "../unit/tree/disk/fact-trees.ts";
import { printedSeed } from "../printed-seed.ts";

type Random = () => number;

const pick = <One>(random: Random, all: readonly One[]): One => all[Math.floor(random() * all.length)]!;

/** Directories and files with modes of all kinds; some are missing. */
function plant(random: Random, root: string): void {
  fs.mkdirSync(root);
  for (let i = 0; i < 12; i++) {
    const place = join(root, `${i % 2 === 0 ? "dir" : "file"}${i}`);
    if (random() < 0.2) continue;
    if (i % 2 === 0) fs.mkdirSync(place);
    else fs.writeFileSync(place, random() < 0.3 ? "other" : "content");
    fs.chmodSync(place, Math.floor(random() * 0o10000) | (random() < 0.5 ? 0 : 0o600));
    fs.utimesSync(place, 1000, 1000);
  }
  fs.utimesSync(root, 1000, 1000);
}

function modesIn(root: string): string[] {
  return fs
    .readdirSync(root)
    .sort()
    .map((name) => `${name} ${fs.lstatSync(join(root, name)).mode.toString(8)}`);
}

/** A change of modes as rsync takes it, or nearly. */
function randomChmod(random: Random): string {
  const clause = (): string => {
    const kind = pick(random, ["", "", "D", "F"]);
    if (random() < 0.15) return kind + pick(random, ["755", "0644", "2775", "0"]);
    const who = pick(random, ["", "u", "g", "o", "a", "ug", "uo", "ugo"]);
    const letters = ["r", "w", "x", "X", "s", "t"].filter(() => random() < 0.35).join("");
    const what = random() < 0.15 ? pick(random, ["u", "g", "o"]) : letters;
    return `${kind}${who}${pick(random, ["+", "-", "="])}${what}`;
  };
  return Array.from({ length: 1 + Math.floor(random() * 3) }, clause).join(",");
}

const { test } = unless(missing("rsync"));

const runs = Number(process.env["RSYNC_MODES_RUNS"] ?? 15);

test("modes become what rsync makes of them, whatever is asked for", async () => {
  const seed = printedSeed();
  const random = seededRandom(seed);
  for (let run = 0; run < runs; run++) {
    const folder = freshFolder();
    const [source, ours, theirs] = ["source", "ours", "theirs"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    plant(random, source);
    if (random() < 0.7) {
      plant(random, ours);
      execFileSync("cp", ["-a", ours, theirs]);
    }
    const perms = random() < 0.6;
    const executability = random() < 0.4;
    const chmod = random() < 0.7 ? randomChmod(random) : undefined;
    const about = `seed ${seed}, run ${run}, ${JSON.stringify({ perms, executability, chmod })}`;
    const options = [
      ...(perms ? ["-p"] : []),
      ...(executability ? ["-E"] : []),
      ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ];
    const { status, stderr } = spawnSync("rsync", ["-rt", ...options, `${source}/`, `${theirs}/`]);
    const keep: Keep = {
      ...(perms ? { specialBits: true } : { perms: false }),
      executability,
      ...(chmod !== undefined && { chmod }),
    };
    const syncing = syncFacts(`${source}/`, ours, keep);
    if (status === 1) {
      await expect(syncing, about).rejects.toThrow("is no change of a mode");
      continue;
    }
    expect(status, about + stderr.toString()).toBe(0);
    expect((await syncing).troubles, about).toEqual([]);
    expect(modesIn(ours), about).toEqual(modesIn(theirs));
    expect((await syncFacts(`${source}/`, ours, keep)).changes, about).toEqual([]);
    fs.rmSync(folder, { recursive: true });
  }
});
