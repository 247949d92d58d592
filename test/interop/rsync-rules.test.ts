import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parseSize } from "../../src/bytes/size.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { transfer } from "../../src/transfer/transfer.node.ts";
import type { PlanRule } from "../../src/tree/plan/plan-rule.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { describeTree } from "../unit/tree/disk/disk-tree.ts";
import { printedSeed } from "../printed-seed.ts";

type Random = () => number;

/** Options of rsync, and the same here. */
const options: Readonly<Record<string, PlanRule & { readonly maxDeletedCount?: number }>> = {
  "--checksum": { equality: "content" },
  "--size-only": { equality: "size" },
  "--modify-window=2": { windowSec: 2 },
  "--update": { keepsNewer: true },
  "--existing": { onlyExisting: true },
  "--ignore-existing": { onlyNew: true },
  "--max-size=2K": { maxBytes: parseSize("2K")! },
  "--min-size=2": { minBytes: 2 },
  "--append-verify": { onlyLonger: true },
  "--delete": { maxDeletedCount: 1000 },
};

/**
 * A tree of few names, so that two of them have most in common, and differ in all ways.
 *
 * @param mixed true to have files under names of directories
 */
function plant(random: Random, dir: string, mixed: boolean, depth = 2): void {
  fs.mkdirSync(dir, { recursive: true });
  for (const name of ["a", "b", "c", "d", "e", "f"]) {
    const place = join(dir, name);
    const kind = random();
    const isOfDirs = name > "d";
    if (kind < 0.2) continue;
    if (isOfDirs && depth > 0 && kind < (mixed ? 0.5 : 1)) plant(random, place, mixed, depth - 1);
    else if (name === "a" && kind < 0.4) plantLink(random, place);
    else if (!isOfDirs || mixed) plantFile(random, place);
  }
  const time = 1000 + Math.floor(random() * 5);
  fs.utimesSync(dir, time, time);
}

function plantFile(random: Random, place: string): void {
  const length = [0, 1, 2, 5000][Math.floor(random() * 4)]!;
  fs.writeFileSync(place, (random() < 0.5 ? "x" : "y").repeat(length), {
    mode: random() < 0.3 ? 0o600 : 0o644,
  });
  const time = 1000 + Math.floor(random() * 5); // rsync compares whole seconds
  fs.utimesSync(place, time, time);
}

function plantLink(random: Random, place: string): void {
  fs.symlinkSync(random() < 0.5 ? "b" : "c", place);
  const time = 1000 + Math.floor(random() * 5);
  fs.lutimesSync(place, time, time);
}

/**
 * A line for each path.
 *
 * @param hasWindow true to leave out the times of directories: within its window rsync sets them or
 *   not, as it was about to write in them
 */
function linesOf(root: string, hasWindow: boolean): string[] {
  return describeTree(root).map((line) =>
    hasWindow && line.endsWith(" dir") ? line.replace(/ \d+ dir$/, "") : line,
  );
}

/** Every option alone, and every two of them that may be combined. */
function* combinations(): Generator<readonly string[]> {
  const names = Object.keys(options);
  for (const [i, one] of names.entries()) {
    yield [one];
    for (const other of names.slice(i + 1))
      if (one !== "--checksum" || !["--size-only", "--append-verify"].includes(other)) yield [one, other];
  }
}

unless(missing("rsync")).test("does by each option, and by each two, what rsync does", async () => {
  const seed = printedSeed();
  const random = seededRandom(seed);
  for (const asked of combinations()) {
    const folder = freshFolder();
    const [source, ours, theirs] = ["source", "ours", "theirs"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    // Of a file that it leaves in the place of a directory rsync changes the time.
    const mixed = !asked.includes("--ignore-existing");
    plant(random, source, mixed);
    plant(random, ours, mixed);
    execFileSync("cp", ["-a", ours, theirs]);
    const { maxDeletedCount, ...rule } = Object.assign(
      {},
      ...asked.map((name) => options[name]!),
    ) as (typeof options)[string];
    const { status } = spawnSync("rsync", ["-rlpt", ...asked, `${source}/`, `${theirs}/`]);
    const { failed } = await transfer(`${source}/`, ours, {
      rule,
      ...(maxDeletedCount !== undefined && { maxDeletedCount }),
    });
    expect([0, 23]).toContain(status);
    // rsync reports what is in directories that it has left out as if it could not be written.
    if (failed > 0) expect(status, `seed ${seed}, ${asked.join(" ")}`).toBe(23);
    const compared = (root: string): string[] => linesOf(root, asked.includes("--modify-window=2"));
    expect(compared(ours), `seed ${seed}, ${asked.join(" ")}`).toEqual(compared(theirs));
    fs.rmSync(folder, { recursive: true });
  }
});
