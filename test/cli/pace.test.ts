import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { noise, plant } from "./trees.ts";

/** A tree of 60 kB that cannot be compressed, a place for it, and a remote shell. */
function plantOne() {
  const work = freshFolder();
  const [from, to] = [join(work, "from"), join(work, "to")];
  plant(from, { a: noise(60_000, "pace") });
  writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  const far = ["-q", "--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
  return { from, to, far };
}

it.each(["push", "pull", "sync"])("%s takes as long as --bwlimit says", async (command) => {
  const { from, to, far } = plantOne();
  const places = { push: [`${from}/`, `h:${to}`], pull: [`h:${from}/`, to], sync: [`${from}/`, to] }[
    command
  ]!;
  const began = performance.now();
  const { code, stderr } = await rsyncStream([command, "--bwlimit=100KB", ...far, ...places]);
  expect(code, stderr).toBe(0);
  expect(performance.now() - began).toBeGreaterThan(450);
  expect(readFileSync(join(to, "a"), "latin1")).toBe(readFileSync(join(from, "a"), "latin1"));
});

it("tar-like 14: a stream takes as long", async () => {
  const { from } = plantOne();
  const began = performance.now();
  const { stdout } = await rsyncStream(["send", "--bwlimit=100KB", from]);
  expect(performance.now() - began).toBeGreaterThan(450);
  expect(stdout.length).toBeGreaterThan(50_000);
});

it.each(["files", "once", "all"])("--fsync=%s brings about the same", async (when) => {
  const { from, to, far } = plantOne();
  plant(to, { old: "x" });
  const { code, stderr } = await rsyncStream([
    "push",
    `--fsync=${when}`,
    "--delete",
    ...far,
    `${from}/`,
    `h:${to}`,
  ]);
  expect(code, stderr).toBe(0);
  expect(() => readFileSync(join(to, "old"))).toThrow();
});

it("--fsync takes nothing else", async () => {
  const { from, to } = plantOne();
  const { code, stderr } = await rsyncStream(["sync", "--fsync=soon", from, to]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("files, once or all")]);
});

it("sync copies from here to here, and says so once", async () => {
  const { from, to } = plantOne();
  const { code, stderr } = await rsyncStream(["sync", "-a", `${from}/`, to]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^received: 2 entries[^\n]*\n$/)]);
  const again = await rsyncStream(["sync", "-i", `${from}/`, to]);
  expect([again.code, again.stdout.toString()]).toEqual([0, ""]);
});
