import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { TreeSourceOptions } from "../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../src/tree/disk/target/target-options.node.ts";
import { missing, unless } from "../obstacles.ts";
import { inRounds, linesOf, pick, plantFewNames, rsync, syncHere } from "./few-names.ts";

interface Way {
  readonly source?: TreeSourceOptions;
  readonly target?: TreeTargetOptions;
}

const paths = ["a", "e/b", "/e/f", "./f/e/", "none"];

/** Options of rsync, and the same here. */
const ways: readonly (readonly [readonly string[], Way])[] = [
  [["--copy-links"], { source: { copyLinks: true } }],
  [["--copy-dirlinks"], { source: { copyDirLinks: true } }],
  [["--copy-unsafe-links"], { source: { copyUnsafeLinks: true } }],
  [["--copy-dirlinks", "--copy-unsafe-links"], { source: { copyDirLinks: true, copyUnsafeLinks: true } }],
  [["--safe-links"], { target: { rule: { onlySafeLinks: true } } }],
  [["--prune-empty-dirs"], { source: { prunesEmptyDirs: true } }],
  [["--no-r", "--dirs"], { source: { flatDirs: true } }],
  [["--no-r", "--files-from=LIST"], { source: { paths, flatDirs: true } }],
  [["-r", "--files-from=LIST"], { source: { paths } }],
  [["--keep-dirlinks"], { target: { keepsDirLinks: true } }],
  [["--force"], { target: { forcesDirs: true } }],
  [["--force", "-b"], { target: { forcesDirs: true, backupSuffix: "~" } }],
];
const deletions: readonly (readonly [readonly string[], TreeTargetOptions])[] = [
  [[], {}],
  [["--delete"], { maxDeletedCount: 1000 }],
];

const links = ["b", "../b", "../../b", "e", "../e", "e/../../f", "/nowhere", "../../../outside", "none"];

/** Links that never lead to a directory that they lie in. */
const followed = ["b", "../b", "e", "f", "/nowhere", "../../outside", "../../../outside", "none"];

unless(missing("rsync")).test("sends of a source what rsync sends, and receives it as that does", () =>
  inRounds(16, async (random, folder, round) => {
    const [ours, theirs, from] = ["ours", "theirs", "from"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const [args, { source = {}, target = {} }] = pick(random, ways);
    // rsync follows links round and round, and deletes some before it meets one that leads nowhere.
    const follows = args.some((arg) => arg.startsWith("--copy"));
    plantFewNames(random, from, follows ? { links: followed, mixed: false } : { links });
    plantFewNames(random, join(ours, "to"), { links: ["e", "b"] });
    fs.writeFileSync(join(folder, "outside"), "outside");
    fs.utimesSync(join(folder, "outside"), 1000, 1000);
    execFileSync("cp", ["-a", ours, theirs]);
    fs.writeFileSync(join(folder, "list"), `# a\n${paths.join("\n")}\n; b\n\n`);
    const mayDelete = !follows && source.paths === undefined && source.flatDirs !== true;
    const [deleteArgs, deletion] = mayDelete ? pick(random, deletions) : deletions[0]!;
    const message = `${round}, ${[...args, ...deleteArgs].join(" ")}`;
    const words = args.map((arg) => arg.replace("LIST", join(folder, "list")));
    const status = rsync([...words, ...deleteArgs], `${from}/`, join(theirs, "to"));
    expect([0, 23], message).toContain(status);
    const options = { source, target: { ...target, ...deletion }, isLarge: random() < 0.5 };
    const foretold = await syncHere(`${from}/`, join(ours, "to"), options, true);
    const told = await syncHere(`${from}/`, join(ours, "to"), options);
    expect(linesOf(ours), message).toEqual(linesOf(theirs));
    expect(told.failed > 0, message).toBe(status === 23);
    expect(foretold, message).toEqual(told);
  }),
);
