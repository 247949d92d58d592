import { chmodSync, copyFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

const content = noise(1_000_000, "reference");

/** A tree and the reference that it was copied from; all times are the same. */
function plantTwo(): { readonly tree: string; readonly reference: string; readonly far: readonly string[] } {
  const work = freshFolder();
  const [tree, reference] = [join(work, "tree"), join(work, "reference")];
  for (const root of [tree, reference]) {
    plant(root, { "d/big": content, "d/link": "-> big", empty: "", small: "small" });
    for (const name of ["d/big", "empty", "small"]) utimesSync(join(root, name), 1000, 1000);
    utimesSync(join(root, "d"), 1000, 1000);
  }
  writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  const far = ["--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
  return { tree, reference, far: [`h:${reference}`, ...far] };
}

/** Flips one bit of a file and keeps its time. */
function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 4;
  writeFileSync(path, bytes);
  utimesSync(path, 1000, 1000);
}

it("a tree that is the same passes, and each way to differ is told", async () => {
  const { tree, reference } = plantTwo();
  const same = await rsyncStream(["check", tree, reference, "-OJ"]);
  expect([same.code, same.stdout.toString()]).toEqual([0, ""]);
  damage(join(tree, "d/big"), 500_000);
  damage(join(tree, "d/big"), 4096);
  damage(join(tree, "small"), 0);
  chmodSync(join(tree, "empty"), 0o600);
  copyFileSync(join(tree, "small"), join(tree, "d/extra"));
  utimesSync(join(tree, "d"), 1000, 1000);
  writeFileSync(join(reference, "new"), "");
  const before = picture(tree);
  const { code, stdout, stderr } = await rsyncStream(["check", tree, reference, "-OJ"]);
  expect(stdout.toString().trim().split("\n").sort()).toEqual([
    "different d/big: content at 4096+4096 499712+4096",
    "different empty: mode",
    "different small: content at 0+5",
    "extra d/extra",
    "missing new",
  ]);
  expect(stderr).toContain("1 missing, 1 extra, 3 different");
  expect(code).toBe(4);
  expect(picture(tree)).toEqual(before);
});

it("only what is damaged travels to mend it, from another host too", async () => {
  const { tree, far } = plantTwo();
  damage(join(tree, "d/big"), 123_456);
  const found = await rsyncStream(["check", tree, ...far, "-OJ", "--json"]);
  const events = found.stdout
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string });
  expect(events.filter(({ event }) => event === "difference")).toMatchObject([
    { difference: "different", path: "d/big", ranges: [{ offset: 122_880, size: 4096 }] },
  ]);
  expect(found.code).toBe(4);
  const { code, stdout } = await rsyncStream(["check", tree, ...far, "-OJ", "--repair", "--json"]);
  expect(code).toBe(0);
  const summary = stdout
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object)
    .at(-1);
  expect((summary as { newBytes: number }).newBytes).toBeLessThan(20_000);
  expect(readFileSync(join(tree, "d/big")).equals(content)).toBe(true);
});

it("what cannot be compared is said", async () => {
  const { tree, reference } = plantTwo();
  const none = await rsyncStream(["check", join(tree, "none"), reference]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("NOT_FOUND")]);
  const far = await rsyncStream(["check", `h:${tree}`, reference]);
  expect([far.code, far.stderr]).toEqual([2, expect.stringContaining("is not here")]);
});
