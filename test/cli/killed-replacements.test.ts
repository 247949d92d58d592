import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { type Obstacle, unless } from "../obstacles.ts";
import { freshFolder, type Outcome, runShell } from "./run.ts";
import { picture, plant } from "./trees.ts";

/** Every kind takes the place of every other. */
const sent = { a: "new", b: "-> new", "c/x": "new", "c/y": "new", "d/x": "new", e: "new", f: "-> new" };
const there = { c: "old", d: "-> old", "e/x": "old", "f/x": "old" };

/**
 * What may stand at each name at any time. Of what is to be deleted in a directory, some may be
 * gone.
 */
const either: Readonly<Record<string, readonly string[]>> = {
  a: ["dir of ", "new"],
  b: ["dir of ", "-> new"],
  c: ["old", "dir of x y"],
  d: ["-> old", "dir of x"],
  e: ["dir of x", "dir of ", "new"],
  f: ["dir of x", "dir of ", "-> new"],
};

function standingAt(place: string): string {
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) return `-> ${readlinkSync(place)}`;
  if (stats?.isFile()) return readFileSync(place, "utf8");
  return stats ? `dir of ${readdirSync(place).sort().join(" ")}` : "nothing";
}

/** The calls that change what stands at a name. Not every machine has all of them. */
const calls = ["rename", "renameat", "renameat2", "rmdir", "unlink", "unlinkat", "mkdir", "symlink"];

/** Receives in a folder over what was there, traced. */
async function receive(folder: string, to: string, injection = ""): Promise<Outcome> {
  const trace = `strace -qq -o ${to}.trace -e trace=?${calls.join(",?")} ${injection}`;
  return runShell(`cd "$1"; ${trace} $RS recv -q --delete ${to} < stream`, folder);
}

function plantOld(place: string): void {
  plant(place, there);
  for (const name of ["a", "b"]) mkdirSync(join(place, name));
}

function noInjection(): Obstacle {
  const { status } = spawnSync("strace", ["-qq", "-e", "inject=mkdir:signal=KILL:when=9", "true"]);
  return status === 0 ? undefined : "there is no strace, or it may not trace";
}

unless(noInjection()).test(
  "killed anywhere, each name has the old or the new, and the next run ends it",
  async () => {
    const folder = freshFolder();
    plant(join(folder, "from"), sent);
    await runShell(`cd "$1"; $RS send -q from/ > stream`, folder);
    plantOld(join(folder, "whole"));
    expect(await receive(folder, "whole")).toMatchObject({ code: 0 });
    const made = readFileSync(join(folder, "whole.trace"), "utf8").match(/^\w+(?=\()/gm)!;
    expect(made.length).toBeGreaterThan(20);
    let runCount = 0;
    const moment = fc.integer({ min: 0, max: made.length - 1 });
    await fc.assert(
      fc.asyncProperty(moment, async (at) => {
        const to = `killed-${runCount++}`;
        plantOld(join(folder, to));
        const count = made.slice(0, at + 1).filter((call) => call === made[at]).length;
        const killed = await receive(folder, to, `-e inject=${made[at]}:signal=KILL:when=${count}`);
        expect(killed.code).toBe(137);
        for (const [name, allowed] of Object.entries(either)) {
          expect(allowed, name).toContain(standingAt(join(folder, to, name)));
        }
        expect(await receive(folder, to)).toMatchObject({ code: 0, stderr: "" });
        expect(picture(join(folder, to))).toEqual(picture(join(folder, "from")));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  },
);
