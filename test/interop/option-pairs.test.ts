import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import { freshFolder } from "../cli/run.ts";
import { worldOf } from "../faults/world.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { plantFewNames } from "./few-names.ts";
import { type OptionRow, optionRows } from "./option-rows.ts";
import { runSync } from "./run-sync.ts";

/** `npm run soak` asks for all pairs, a name for those of that option; else some are drawn. */
const asked = process.env["OPTION_PAIRS"];
const isFull = asked !== undefined;
const shortCount = 12;

/**
 * What is at a destination and beside it; the times of directories are for other tests, and what
 * has the time of its making was made at another moment.
 */
function linesAt(place: string): string[] {
  const timeText = (time: string): string => (time.length > plantedDigits ? "now" : time);
  return [...worldOf(place)].map(([path, { kind, content, rights, time }]) =>
    [path, kind, content, rights, kind === "dir" ? "" : timeText(time)].join(" "),
  );
}

/** Digits of the nanoseconds of a time in the first hour of 1970, as planted files have it. */
const plantedDigits = 13;

/** Pairs that are known to differ, and why (docs/coming-from-rsync.md). */
const known: readonly (readonly [string, string, reason: string])[] = [
  ["no-times", "ignore-times", "what is the same is not written anew"],
  ["no-times", "checksum", "what is the same is not written anew"],
  ...["append", "append-verify"].flatMap((append) =>
    ["compare-dest", "copy-dest", "link-dest"].map(
      (side) => [append, side, "rsync makes nothing that is as long in another directory"] as const,
    ),
  ),
  ...["delete", "del", "delete-before", "delete-during", "delete-excluded"].map(
    (deletion) =>
      [
        deletion,
        "copy-links",
        "rsync deletes in directories before it meets a link that leads nowhere",
      ] as const,
  ),
  ["backup-dir", "chmod", "rsync makes directories of backups after their own got a mode"],
  ["append-verify", "backup-dir", "rsync leaves the mode and time of an empty backup as they come"],
  ["append", "backup-dir", "rsync leaves the mode and time of an empty backup as they come"],
  ["checksum", "compare-dest", "rsync compares what is at the destination by size and time there"],
  ["ignore-times", "compare-dest", "as with --checksum"],
  ["atimes", "compare-dest", "what has another time of access is not left out"],
  ["backup-dir", "groupmap", "rsync makes directories of backups after their own got a group"],
  ["remove-source-files", "copy-links", "no source is removed where a link leads nowhere"],
  ["remove-source-files", "files-from", "no source is removed where a path is missing"],
];

/**
 * With these no name is a directory at one end and something else at the other: rsync then fails
 * in what it takes for a directory, and here all sources stay where one entry failed.
 */
const unmixed: ReadonlySet<string> = new Set(["compare-dest", "ignore-existing", "remove-source-files"]);

/** What a pair comes to: why it cannot be, or how the results differ. */
async function differenceOf(pair: readonly OptionRow[], folder: string, random: () => number) {
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  // What is behind the dot is kept where --relative is given.
  const [from, source] = [`${folder}/one/./from/`, `${folder}/other/./from/`];
  const mixed = !pair.some(({ name }) => unmixed.has(name));
  plantFewNames(random, from, { mixed });
  plantFewNames(random, join(ours, "to"), { mixed });
  plantFewNames(random, join(ours, "beside"));
  execFileSync("cp", ["-a", ours, theirs]);
  execFileSync("cp", ["-a", `${folder}/one`, `${folder}/other`]);
  const refusal = await runSync(["-r", ...pair.map((row) => row.ours), from, join(ours, "to")]);
  if (typeof refusal === "string") return { refusal };
  const args = ["-rlpt", ...pair.flatMap((row) => row.theirs ?? []), source, join(theirs, "to")];
  const { status, stderr } = spawnSync("rsync", args, { encoding: "latin1" });
  if (status === 1 || status === 4) return { refusal: `rsync: ${stderr.split("\n")[0]}` };
  const [left, right] = [
    [...linesAt(ours), ...linesAt(from)],
    [...linesAt(theirs), ...linesAt(source)],
  ];
  const lines = [
    ...left.filter((line) => !right.includes(line)).map((line) => `here ${line}`),
    ...right.filter((line) => !left.includes(line)).map((line) => `rsync ${line}`),
    ...(refusal === (status === 0)
      ? []
      : [`rsync ends with ${status}, and here ${refusal ? "all" : "not all"} is done`]),
  ];
  return { lines };
}

unless(notRoot ?? missing("rsync")).test(
  "every two options together do what they do with rsync",
  async () => {
    const random = seededRandom(printedSeed());
    const base = freshFolder();
    const { rows, apart } = optionRows(base);
    const pairs = rows
      .flatMap((one, i) => rows.slice(i + 1).map((other) => [one, other] as const))
      .filter((pair) => !known.some((names) => pair.every(({ name }) => names.includes(name))));
    const chosen = isFull
      ? pairs.filter((pair) => asked === "all" || pair.some(({ name }) => name === asked))
      : Array.from({ length: shortCount }, () => pairs[Math.floor(random() * pairs.length)]!);
    const wrong: string[] = [];
    const refused: string[] = [];
    for (const pair of chosen) {
      const folder = join(base, "pair");
      const names = pair.map(({ name }) => `--${name}`).join(" ");
      const { lines = [], refusal } = await differenceOf(pair, folder, random);
      if (refusal !== undefined) refused.push(`${names}: ${refusal}`);
      if (lines.length > 0) wrong.push(`${names}: ${lines.slice(0, 4).join("; ")}`);
      fs.rmSync(folder, { recursive: true });
    }
    if (isFull) for (const line of refused) console.log(`refused: ${line}`);
    if (isFull) for (const [name, reason] of apart) console.log(`apart: --${name}: ${reason}`);
    console.log(
      `${chosen.length - refused.length} pairs of options beside rsync, ${refused.length} refused, ${wrong.length} different`,
    );
    expect(wrong).toEqual([]);
  },
);
