import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../house/source-files.ts";
import { type Outcome, runShell } from "./run.ts";
import { noFullDevice, type Obstacle, unless } from "../obstacles.ts";

/**
 * A file, its description, the wishlist for all of it, what that brings, and a stream: what the
 * commands below work on.
 */
const given = mkdtempSync(join(tmpdir(), "rsync-stream-output-"));

beforeAll(async () => {
  writeFileSync(join(given, "file"), "content");
  const line =
    "$RS info file > info && $RS wish info > wish && $RS data file info wish > data && $RS send file > stream";
  const { code, stderr } = await runShell(`cd "$1" && ${line}`, given);
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(given, { recursive: true }));

/** Runs a line of shell where those are. */
function run(line: string): Promise<Outcome> {
  return runShell(`cd "$1"; ${line}`, given);
}

function noFaults(): Obstacle {
  const { status } = spawnSync("strace", ["-qq", "-e", "inject=fsync:error=EIO", "true"]);
  return status === 0 ? undefined : "there is no strace, or it may not trace";
}

const full = "ENOSPC: no space left on device, write (NO_SPACE)";
const printing = ["--version", "version", "-V", "--help", "help", "help push", "push --help"];
const writing = ["send file", "have file", "info file", "wish info", "data file info wish", "chunks file"];
const reporting = ["apply info data copy", "recv copy < stream"];

describe("output that cannot be written is a failure, with a word on the other stream", () => {
  it.each([...printing, ...writing])("%s, with no room for its output", async (line) => {
    // Of what is longer than that the system takes a part, and refuses the rest.
    const { code, stderr } = await run(`ulimit -f 0 && $RS ${line} > output`);
    expect(stderr).toBe("rsync-stream: standard output: EFBIG: file too large, write (IO)\n");
    expect(code).toBe(1);
  });

  it("help, of which a part finds room", async () => {
    const { code, stderr } = await run(`ulimit -f 1 && $RS help > output`);
    expect(readFileSync(join(given, "output")).length).toBe(1024);
    expect(stderr).toBe("rsync-stream: standard output: EFBIG: file too large, write (IO)\n");
    expect(code).toBe(1);
  });

  unless(noFullDevice).test.each([...printing, ...writing])("%s, to a device that is full", async (line) => {
    const { code, stderr } = await run(`$RS ${line} > /dev/full`);
    expect(stderr).toBe(`rsync-stream: standard output: ${full}\n`);
    expect(code).toBe(1);
  });

  it.each(writing)("%s, when its reader has left", async (line) => {
    const { code, stderr } = await run(`exec 3> >(:); wait $!; $RS ${line} >&3`);
    expect(stderr).toBe("rsync-stream: standard output was closed (PEER_GONE)\n");
    expect(code).toBe(1);
  });

  unless(noFullDevice).test.each(reporting)("the events of %s", async (line) => {
    const { code, stderr } = await run(`$RS ${line} --json > /dev/full`);
    expect(stderr).toBe(`rsync-stream: standard output: ${full}\n`);
    expect(code).toBe(1);
  });

  unless(noFullDevice).test("the changes of sync, once", async () => {
    const { code, stderr } = await run("mkdir tree; cp file tree; $RS sync -i tree/ changed > /dev/full");
    expect(stderr).toBe(`rsync-stream: standard output: ${full}\n`);
    expect(code).toBe(1);
  });

  unless(noFullDevice).test.each(reporting)("the report of %s", async (line) => {
    const { code, stdout } = await run(`$RS ${line} 2> /dev/full`);
    expect(stdout.toString()).toBe(`rsync-stream: standard error: ${full}\n`);
    expect(code).toBe(1);
    expect(readFileSync(join(given, "copy"), "utf8")).toBe("content");
  });

  unless(noFullDevice).test("the report of send, whose output is for its result alone", async () => {
    const { code, stdout } = await run(`$RS send file 2> /dev/full`);
    expect(stdout.length).toBe(readFileSync(join(given, "stream")).length);
    expect(code).toBe(1);
  });

  it.each(printing)("but nobody misses the rest of %s", async (line) => {
    const { code, stderr } = await run(`exec 3> >(:); wait $!; $RS ${line} >&3`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("but nobody misses reports to standard error whose reader has left", async () => {
    const { code, stdout } = await run("exec 3> >(:); wait $!; $RS recv copy < stream 2>&3");
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: "" });
  });
});

unless(noFaults()).test(
  "output in files is not waited for to be on a medium, which may refuse it",
  async () => {
    const trace = "timeout 20 strace -f -o trace -P $PWD/out -P $PWD/err -e inject=fsync:error=EIO";
    const { code } = await run(`mkdir kept; cp file kept; ${trace} $RS sync -i kept/ there > out 2> err`);
    const told = ["out", "err"].map((name) => readFileSync(join(given, name), "utf8"));
    expect({ code, told }).toEqual({
      code: 0,
      told: [expect.stringContaining(" file\n"), expect.stringMatching(/^received: .*\n$/)],
    });
  },
);

it("a package whose dependencies are behind links serves, whatever its output is", async () => {
  const line = [
    'set -e; mkdir "$1/linked"; cd "$1/linked"; mkdir dist root; cp -R "$2/dist/cli" dist; cp "$2/package.json" .',
    'ln -s "$2/node_modules"; $3 dist/cli/main.js serve root --listen 127.0.0.1:0 > >(cat >log) 2>&1 & server=$!',
    "until grep -qs . log; do sleep 0.1; done; kill $server || true; head -n1 log",
  ].join("\n");
  const { stdout } = await runShell(line, given, root, process.execPath);
  expect(stdout.toString()).toMatch(/^rsync-stream: listening at /);
});
