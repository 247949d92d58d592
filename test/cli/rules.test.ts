import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { plant } from "./trees.ts";

/** Two trees in a new folder: `from` has an older `a` than `to`, and `long` and `short` files. */
function plantTwo(): { readonly from: string; readonly to: string; readonly far: readonly string[] } {
  const work = freshFolder();
  const [from, to] = [join(work, "from"), join(work, "to")];
  plant(from, { a: "new", long: "x".repeat(3000), short: "x", same: "1" });
  plant(to, { a: "old", long: "y".repeat(3000), short: "y", same: "2" });
  utimesSync(join(from, "a"), 1000, 1000);
  for (const dir of [from, to])
    for (const name of ["long", "short", "same"]) utimesSync(join(dir, name), 500, 500);
  writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  const far = ["-q", "--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
  return { from, to, far };
}

it.each(["push", "pull"])("what is brought about is decided at the receiver of a %s", async (direction) => {
  const { from, to, far } = plantTwo();
  const places = direction === "push" ? [`${from}/`, `h:${to}`] : [`h:${from}/`, to];
  const rule = ["-uc", "--max-size=2K"];
  const { code, stderr } = await rsyncStream([direction, ...places, ...rule, ...far]);
  expect(code, stderr).toBe(0);
  const contents = ["a", "long", "short", "same"].map((name) => readFileSync(join(to, name), "latin1")[0]);
  // `a` is newer there, `long` too long; of the others the content alone counts.
  expect(contents).toEqual(["o", "y", "x", "1"]);
});

it("--modify-window counts whole seconds, and nanoseconds count when it is negative", async () => {
  const work = freshFolder();
  for (const name of ["from", "to"]) {
    mkdirSync(join(work, name));
    writeFileSync(join(work, name, "a"), "a");
    utimesSync(join(work, name, "a"), 1000, name === "to" ? 1002.9 : 1000.1);
    utimesSync(join(work, name), 1000, 1000);
  }
  const told = async (window: string): Promise<string> =>
    (await rsyncStream(["sync", "-ni", window, `${work}/from/`, `${work}/to`])).stdout.toString();
  expect(await told("--modify-window=2")).toBe("");
  for (const window of ["-@1", "-@-1", "--modify-window=-1"])
    expect(await told(window)).toBe(">f..t...... a\n");
});

it("what goes against each other, or cannot be, is refused with the reason", async () => {
  const { from } = plantTwo();
  const refused = [
    [["push", from, "h:x", "-c", "--size-only"], "say two things"],
    [["push", from, "h:x", "-c", "--append"], "none"],
    [["push", from, "h:x", "-cn", "--compare-dest=x"], "with DST alone"],
    [["push", from, "h:x", "--max-size=much"], "takes bytes"],
    [["push", from, "h:x", "--modify-window=few"], "whole number from -1 to"],
    [["push", from, "h:x", "--max-delete=-1"], "whole number from 0 to"],
    [["send", from, "-u"], "the receiver decides; recv has it"],
    [["have", from, "--exclude=a"], "push, pull, send and recv have filters"],
    [["recv", from, "--order={}", "--update"], "leave out --update"],
    [["recv", from, "--order=1"], "--order: an order is a record"],
    [["send", from, '--order={"dryRun":true}'], "not for the sender"],
    [["push", from, "h:x", "--filter=a"], 'one that leaves out begins with "- "'],
  ] as const;
  for (const [args, reason] of refused) {
    const { code, stderr } = await rsyncStream(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  }
});

it.each(["push", "pull", "sync"])("%s names what the sender could not list, once", async (direction) => {
  const { from, to, far } = plantTwo();
  symlinkSync("nowhere", join(from, "queue"));
  const places = { push: [`${from}/`, `h:${to}`], pull: [`h:${from}/`, to], sync: [`${from}/`, to] }[
    direction
  ]!;
  const { code, stderr } = await rsyncStream([direction, "-L", ...places, ...far]);
  expect([code, stderr.match(/queue/g)]).toEqual([3, ["queue"]]);
});
