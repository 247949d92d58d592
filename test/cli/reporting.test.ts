import { spawn } from "node:child_process";
import { readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { missing, noFullDevice, notPosix, unless } from "../obstacles.ts";
import { freshFolder, outcomeOf, rsyncStream, runShell, waitUntil } from "./run.ts";
import { plant } from "./trees.ts";

let work = "";
let far: readonly string[] = [];

/** A tree, and a copy with an older file, a mode that differs, and something more. */
beforeEach(() => {
  work = freshFolder();
  plant(join(work, "tree"), { a: "12345", "d/e": "678", same: "s" });
  plant(join(work, "copy"), { a: "old", extra: "x", same: "s" });
  for (const place of ["tree/same", "copy/same"]) utimesSync(join(work, place), 1000, 1000);
  utimesSync(join(work, "copy", "a"), 1000, 1000);
  writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  far = ["--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
});

const push = (...options: readonly string[]) =>
  rsyncStream(["push", ...options, ...far, `${join(work, "tree")}/`, `h:${join(work, "copy")}`]);

describe("--itemize-changes", () => {
  it("is written to standard output, the rest is not", async () => {
    const { code, stdout, stderr } = await push("-i", "--delete");
    expect([code, stdout.toString().split("\n").sort()]).toEqual([
      0,
      ["", "*deleting   extra", "<f+++++++++ d/e", "<f.st...... a", "cd+++++++++ d/"],
    ]);
    expect(stderr).toMatch(/^sent: /);
  });

  it("tells no content of a file that was found to be the same", async () => {
    utimesSync(join(work, "copy/same"), 2000, 2000);
    const { code, stdout } = await push("-i", "-c", "--existing");
    expect([code, stdout.toString().split("\n").sort()]).toEqual([
      0,
      ["", ".f..t...... same", "<fcst...... a"],
    ]);
  });

  it("goes to standard error where standard output has the session", async () => {
    const sent = await rsyncStream(["send", `${join(work, "tree")}/`]);
    const { code, stdout } = await rsyncStream(["recv", "-i", join(work, "copy")], sent.stdout);
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining(">f.st...... a\n")]);
  });
});

it("--out-format has a form of its own, and refuses what it does not know", async () => {
  const { stdout } = await push("--out-format=%o|%n|%l|%%|%f", "--existing");
  expect(stdout.toString()).toBe("send|a|5|%|a\n");
  symlinkSync("né", join(work, "tree", "link"));
  expect((await push("--out-format=%n%L %l")).stdout.toString()).toContain("link -> né 3\n");
  const { code, stderr } = await push("--out-format=%b");
  expect([code, stderr]).toEqual([2, expect.stringContaining("not %b")]);
});

it("--log-file has a line for each change and each message, behind what was there", async () => {
  const log = join(work, "log");
  writeFileSync(log, "before\n");
  expect(await push("-q", `--log-file=${log}`)).toMatchObject({ code: 0, stderr: "" });
  const lines = readFileSync(log, "latin1").trimEnd().split("\n");
  expect(lines[0]).toBe("before");
  expect(lines.slice(1).every((line) => /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\d+\] \S/.test(line))).toBe(
    true,
  );
  expect(lines.join("\n")).toContain("] <f.st...... a");
  expect(lines.at(-1)).toContain("] sent: ");
  const { code, stderr } = await push("--log-file", join(work, "absent", "log"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("the log cannot be written")]);
});

unless(noFullDevice).test("a log for which there is no room is told as that", async () => {
  const { code, stderr } = await push("-q", "--log-file=/dev/full");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/the log cannot be written: .* \(NO_SPACE\)/)]);
});

it("a new log is its owner's alone", async () => {
  await push("-q", `--log-file=${join(work, "log")}`);
  expect(statSync(join(work, "log")).mode & 0o777).toBe(0o600);
});

it("--stats ends with all figures", async () => {
  const { stderr } = await push("--stats");
  expect(stderr).toMatch(
    /^Entries: 5\nFiles read: 2\n[^]*\nContent sent: 8\n[^]*\n {2}DONE received: \d+\nsent: /,
  );
});

it.each(["--info=stats2", "--info=name,progress2"])("%s is an option of rsync's", async (option) => {
  expect(await push(option)).toMatchObject({ code: 0 });
});

it("--progress tells of each file on standard output, as rsync does", async () => {
  const { stdout, stderr } = await push("--progress", "--itemize-changes");
  const lines = stdout.toString().trimEnd().split("\n");
  const figures = /^ +\d+ 100% +\d+\.\d\d[kMG]B\/s +\d+:\d\d:\d\d \(xfr#\d+, (?:to|ir)-chk=\d+\/\d+\)$/;
  const files = lines.flatMap((line, i) => (line.startsWith("<f") ? [i] : []));
  expect(files.length).toBeGreaterThan(0);
  expect(lines.flatMap((line, i) => (figures.test(line) ? [i - 1] : []))).toEqual(files);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  const { stdout: foretold } = await push("--progress", "--dry-run");
  expect(foretold.toString()).not.toContain("xfr#");
});

it("--info names what it knows", async () => {
  const { code, stderr } = await push("--info=flist");
  expect([code, stderr]).toEqual([2, expect.stringContaining("progress2, name, stats")]);
});

unless(notPosix).test("says how far it is when it is asked by SIGUSR1", async () => {
  const child = spawn(process.execPath, [builtCli(), "recv", join(work, "copy")]);
  let told = "";
  child.stderr.on("data", (bytes: Buffer) => (told += bytes.toString()));
  const ended = outcomeOf(child);
  const sent = await rsyncStream(["send", `${join(work, "tree")}/`]);
  child.stdin.write(sent.stdout.subarray(0, 20));
  // Before the program listens the signal is Node's own, for its debugger.
  await waitUntil(() => child.kill("SIGUSR1") && /files|nothing yet/.test(told));
  child.stdin.end(sent.stdout.subarray(20));
  expect(await ended).toMatchObject({ code: 0 });
});

unless(missing("script")).test.each([
  ["", "", true],
  ["NO_COLOR=1", "", false],
  ["NO_COLOR=", "", true],
  ["NO_COLOR=1", "--color=always", true],
])("a terminal is given colors, but for who wants none: %s %s", async (variable, option, isPainted) => {
  const line = `export RS; script -qec '${variable} $RS sync ${option} /no/such x' /dev/null`;
  const { stdout } = await runShell(line, freshFolder());
  expect(stdout.toString()).toContain("NOT_FOUND");
  expect(stdout.includes("\x1b[31m")).toBe(isPainted);
});
