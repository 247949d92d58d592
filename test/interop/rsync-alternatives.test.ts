import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { TreeTargetOptions } from "../../src/tree/disk/target/target-options.node.ts";
import { missing, unless } from "../obstacles.ts";
import { inRounds, linesOf, pick, plantFewNames, rsync, syncHere } from "./few-names.ts";

/** Options of rsync, and the same here. */
const ways: readonly (readonly [readonly string[], TreeTargetOptions])[] = [
  [["--link-dest=../one"], { linkDest: ["../one"] }],
  [["--link-dest=../one", "--link-dest=../two/"], { linkDest: ["../one", "../two/"] }],
  [["--copy-dest=../one", "--copy-dest=../two"], { copyDest: ["../one", "../two"] }],
  [["--compare-dest=../one"], { compareDest: ["../one"] }],
  [["--compare-dest=../one", "--compare-dest=../two"], { compareDest: ["../one", "../two"] }],
  [["--link-dest=../none", "--link-dest=../one"], { linkDest: ["../none", "../one"] }],
];
const rules: readonly (readonly [readonly string[], TreeTargetOptions])[] = [
  [[], {}],
  [["--delete"], { maxDeletedCount: 1000 }],
  [["--checksum"], { rule: { equality: "content" } }],
  [["--size-only"], { rule: { equality: "size" } }],
  [["--existing"], { rule: { onlyExisting: true } }],
];

/** Which paths are names of the same file, besides what the lines say. */
function linksOf(root: string): string[] {
  const paths = new Map<bigint, string[]>();
  for (const path of fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    const stats = fs.lstatSync(join(root, path), { bigint: true });
    if (!stats.isDirectory()) paths.set(stats.ino, [...(paths.get(stats.ino) ?? []), path]);
  }
  return [...paths.values()].map((names) => names.join(" = ")).sort();
}

unless(missing("rsync")).test("links, copies and leaves out what is elsewhere as rsync does", () =>
  inRounds(10, async (random, folder, round) => {
    const [ours, theirs, from] = ["ours", "theirs", "from"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    plantFewNames(random, from, { mixed: false });
    const [ruleArgs, rule] = pick(random, rules);
    // Where content alone tells, rsync reads files that are at the destination already, too.
    const isNew = rule.rule?.equality === "content" || random() < 0.5;
    for (const name of isNew ? ["one", "two"] : ["one", "two", "to"])
      plantFewNames(random, join(ours, name), { mixed: false });
    for (const name of ["one/b", "two/c"])
      if (fs.existsSync(join(ours, name)) && random() < 0.5) fs.chmodSync(join(ours, name), 0o600);
    execFileSync("cp", ["-a", ours, theirs]);
    const [args, target] = pick(random, ways);
    const message = `${round}, ${[...args, ...ruleArgs].join(" ")}`;
    expect(rsync([...args, ...ruleArgs], `${from}/`, join(theirs, "to")), message).toBe(0);
    const options = { target: { ...target, ...rule }, isLarge: random() < 0.5 };
    const canForetell = rule.rule?.equality !== "content";
    const foretold = canForetell && (await syncHere(`${from}/`, join(ours, "to"), options, true));
    const told = await syncHere(`${from}/`, join(ours, "to"), options);
    expect(told.failed, message).toBe(0);
    expect(linesOf(ours), message).toEqual(linesOf(theirs));
    expect(linksOf(ours), message).toEqual(linksOf(theirs));
    if (canForetell) expect(foretold, message).toEqual(told);
  }),
);
