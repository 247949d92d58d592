import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A mistake that somebody could make, and the test that has to find it. */
export interface PlantedMistake {
  readonly name: string;
  /** The file it is in, below `src/tree/disk`. */
  readonly file: string;
  /** What stands there once, and what stands there with the mistake. */
  readonly right: string;
  readonly wrong: string;
  readonly foundBy: string;
  /** The scenario that shows it, for a test that has several. */
  readonly scenario?: string;
  /** Each so many-th of the points of that is enough; each unless given. */
  readonly stride?: number;
}

const target = "target/target.node.ts";
const incoming = "target/incoming-file.node.ts";
const content = "target/new-content.node.ts";
const killPoints = "test/faults/kill-points.test.ts";
const errorPoints = "test/faults/error-points.test.ts";
const powerLoss = "test/faults/power-loss.test.ts";

export const plantedMistakes: readonly PlantedMistake[] = [
  {
    name: "a new file is written beside the old one",
    file: content,
    right: "{ dir, name } : staging.contentName(dir, name);",
    wrong: "{ dir, name } : { dir, name: `${name}.new` };",
    foundBy: killPoints,
    scenario: "copy",
  },
  {
    name: "a file that comes whole gets its own name where its directory is seen",
    file: incoming,
    right: "    return dir.aside !== undefined && !there &&",
    wrong: "    return !there &&",
    foundBy: killPoints,
    scenario: "copy",
  },
  {
    name: "the old file is removed before the new one gets its name",
    file: "target/put-file.node.ts",
    right: "  held.rename(temp.dir, temp.name, dir, name);\n  return true;",
    wrong:
      "  if (there) fs.unlinkSync(held.at(dir, name));\n  held.rename(temp.dir, temp.name, dir, name);\n  return true;",
    foundBy: killPoints,
    scenario: "update",
  },
  {
    name: "a file gets its name before its mode and time",
    file: incoming,
    right: "    else if (!isOld && !this.#new.hasName) this.#finish();",
    wrong: "    else if (!isOld && !this.#new.hasName) this.#tools.writing.drop(this.#new.at!);",
    foundBy: killPoints,
    scenario: "update",
  },
  {
    name: "what changes its kind is moved away first",
    file: "calls/held-dirs.node.ts",
    right: "    if (this.#writeInAll([fromDir, toDir], exchange)) return;\n",
    wrong: "",
    foundBy: killPoints,
    scenario: "update",
  },
  {
    name: "a backup is the old file itself",
    file: "target/backups.node.ts",
    right: "fs.linkSync(this.#tree.at(dir, name), held.at(at.dir, at.name));",
    wrong: "fs.renameSync(this.#tree.at(dir, name), held.at(at.dir, at.name));",
    foundBy: killPoints,
    scenario: "backup",
  },
  {
    name: "a further name is made in two steps",
    file: "target/put-leaf.node.ts",
    right: "      make(temp);\n      if (there?.kind",
    wrong:
      '      make(temp);\n      if (there?.kind === "file") fs.unlinkSync(held.at(dir, name));\n      if (there?.kind',
    foundBy: killPoints,
    scenario: "hard links",
  },
  {
    name: "what a dead run left is never removed",
    file: "target/staging-room.node.ts",
    right: "    doAll([...files, ...dirs, ...parts, ...rest]);",
    wrong: "    doAll([...files, ...dirs, ...parts, ...rest].slice(1, 1));",
    foundBy: killPoints,
    scenario: "resume",
  },
  {
    name: "sources are removed before all of them have arrived",
    file: "source/source.node.ts",
    right: "      arrived: (onTrouble: (error: SyncError) => void) => listing.removeSent(onTrouble),",
    wrong: "      early: setTimeout(() => void listing.removeSent(() => {}), 5),",
    foundBy: killPoints,
    scenario: "remove source files",
  },
  {
    name: "a failure to link is taken for a link",
    file: "target/hard-links.node.ts",
    right: "      } catch (trouble) {\n        yield { ...linked, outcome: undefined, trouble };",
    wrong: "      } catch {\n        yield { ...linked, outcome: undefined };",
    foundBy: errorPoints,
    scenario: "hard links",
    stride: 23,
  },
  {
    name: "a failure to close a file is passed over",
    file: content,
    right: "    closingAfter(write, () => fs.closeSync(fd));\n    this.#setNamed",
    wrong: "    write();\n    try { fs.closeSync(fd); } catch {}\n    this.#setNamed",
    foundBy: "test/unit/tree/disk/failing-end.test.ts",
  },
  {
    name: "a file is not waited for before it gets its name",
    file: content,
    right: "    if (durable) fs.fsyncSync(fd);",
    wrong: "",
    foundBy: powerLoss,
  },
  {
    name: "the disk is not waited for before anything is deleted",
    file: target,
    right: "      if (extras && opened.workspace) await this.#syncAll(opened);\n",
    wrong: "",
    foundBy: powerLoss,
  },
  {
    name: "the disk is not waited for at the end",
    file: target,
    right: "      if (hasWritten) await this.#syncAll(opened);\n      if (extras?.refusal)",
    wrong: "      if (extras?.refusal)",
    foundBy: powerLoss,
  },
  {
    name: "deletion comes first",
    file: target,
    right:
      "      await this.#settle(opened.workspace?.replacements.putDirs());\n      if (extras && opened.workspace)",
    wrong:
      "      await this.#deleteExtras(opened, whole);\n      await this.#settle(opened.workspace?.replacements.putDirs());\n      if (extras && opened.workspace)",
    foundBy: powerLoss,
  },
  {
    name: "what is not whole at the source is deleted all the same",
    file: target,
    right: "    if (!whole && this.#options.deletesAfterErrors !== true) return",
    wrong: "    if (!whole && this.#options.deletesAfterErrors === false) return",
    foundBy: "test/unit/tree/disk/extras.test.ts",
  },
  {
    name: "the lock is not taken",
    file: "target/staging-room.node.ts",
    right: "const lock = (): Lock => takeLock(held, dir, lockName);",
    wrong: "const lock = (): Lock => ({ release() {} });",
    foundBy: "test/unit/tree/disk/staging.test.ts",
  },
];

const root = join(import.meta.dirname, "../..");

/** Where a mistake is planted. */
export function placeOf({ file }: PlantedMistake): string {
  return join(root, "src/tree/disk", file);
}

/** A file with the mistake in it. @throws Error where what is right does not stand there once */
export function withMistake(mistake: PlantedMistake): string {
  const parts = readFileSync(placeOf(mistake), "utf8").split(mistake.right);
  if (parts.length !== 2) throw new Error(`"${mistake.name}" cannot be planted: ${parts.length - 1} places`);
  return parts.join(mistake.wrong);
}
