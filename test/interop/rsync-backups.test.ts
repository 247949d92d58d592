import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { TreeTargetOptions } from "../../src/tree/disk/target/target-options.node.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { syncFacts } from "../unit/tree/disk/fact-trees.ts";
import { inRounds, linesOf, pick, plantFewNames, rsync, syncHere } from "./few-names.ts";

/** Options of rsync, and the same here. */
const places: readonly (readonly [readonly string[], TreeTargetOptions])[] = [
  [["-b"], { backupSuffix: "~" }],
  [["-b", "--suffix=.old"], { backupSuffix: ".old" }],
  [["--backup", "--backup-dir=../kept"], { backupDir: "../kept" }],
  [["--backup", "--backup-dir=../kept", "--suffix=.1"], { backupDir: "../kept", backupSuffix: ".1" }],
];
const deletions: readonly (readonly [readonly string[], TreeTargetOptions])[] = [
  [[], {}],
  [["--delete"], { maxDeletedCount: 1000 }],
  [["--delete-excluded"], { maxDeletedCount: 1000, deletesExcluded: true }],
];

/** What a run leaves, and whether all of it could be done. */
interface Left {
  readonly lines: readonly string[];
  readonly isWhole: boolean;
}

unless(notRoot ?? missing("rsync")).test(
  "directories of backups have owners where these are kept",
  async () => {
    const folder = freshFolder();
    const ownersIn = (side: string): string =>
      execFileSync("find", [".", "-printf", "%p %U %G\n"], {
        cwd: join(folder, side, "kept"),
        encoding: "latin1",
      });
    for (const [option, keep] of [
      ["-o", { owner: true }],
      ["-g", { group: true }],
      ["-r", {}],
    ] as const) {
      fs.rmSync(folder, { recursive: true });
      for (const side of ["from", "ours/to", "theirs/to"]) {
        const dir = join(folder, side, "d/e");
        fs.mkdirSync(dir, { recursive: true });
        fs.writeFileSync(join(dir, "a"), side);
        for (const path of [dir, join(dir, ".."), join(dir, "a")]) fs.chownSync(path, 70_001, 80_001);
      }
      const from = `${folder}/from/`;
      rsync([option, "-b", "--backup-dir=../kept"], from, join(folder, "theirs/to"));
      await syncFacts(from, join(folder, "ours/to"), keep, { backupDir: "../kept" });
      expect(ownersIn("ours"), option).toBe(ownersIn("theirs"));
    }
  },
);

unless(missing("rsync")).test("keeps what is replaced and deleted as rsync does", () =>
  inRounds(8, async (random, folder, round) => {
    const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
    plantFewNames(random, join(ours, "to"), { names: ["a~", "b.old"] });
    execFileSync("cp", ["-a", ours, theirs]);
    const [args, target] = pick(random, places);
    const [deleteArgs, deletion] = pick(random, deletions);
    const message = `${round}, ${[...args, ...deleteArgs].join(" ")}`;
    for (const run of ["first", "second"]) {
      const from = `${join(folder, run)}/`;
      plantFewNames(random, from);
      const status = rsync([...args, ...deleteArgs], from, join(theirs, "to"));
      expect([0, 23], message).toContain(status);
      const expected: Left = { lines: linesOf(theirs), isWhole: status === 0 };
      const options = { target: { ...target, ...deletion }, isLarge: random() < 0.5 };
      const foretold = await syncHere(from, join(ours, "to"), options, true);
      const told = await syncHere(from, join(ours, "to"), options);
      expect<Left>({ lines: linesOf(ours), isWhole: told.failed === 0 }, message).toEqual(expected);
      expect(foretold, message).toEqual(told);
    }
  }),
);
