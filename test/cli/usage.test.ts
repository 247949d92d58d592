import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, rsyncStream, runShell } from "./run.ts";

describe("wrong usage exits with 2 and one line that names what is wrong", () => {
  const cases: [string[], RegExp][] = [
    [[], /a command is missing/],
    [["sned"], /unknown command "sned"; did you mean send\?/],
    [["xyzzy"], /unknown command "xyzzy"; see rsync-stream --help/],
    [["constructor"], /unknown command "constructor"/],
    [["send"], /SRC is missing/],
    [["data", "a", "b"], /WISH is missing/],
    [["send", "a", "b"], /too many: b/],
    [["send", "--dupelx", "a"], /unknown option --dupelx; did you mean --duplex\?/],
    [["send", "--have"], /--have/],
    [["send", ".", "--digest", "md5"], /--digest .*"md5"/],
    [["send", ".", "--digest", "blake3", "--have", "list"], /a list of `have` names chunks by sha-256/],
    [["send", ".", "--timeout", "soon"], /--timeout .*"soon"/],
    [["send", ".", "--timeout", "-1"], /'--timeout' argument is ambiguous \(/],
    [["apply", "-", "-", "a"], /only one operand can be standard input/],
    [["push", ".", "ws://localhost/", "--turns"], /--turns goes with/],
    [["pull", "host:x", ".", "--turns"], /--turns goes with/],
    [["info", "a", "--perm", "0"], /--perm .*"0"/],
    [["recv", "a", "--color", "blue"], /--color .*"blue"/],
    [["chunks", "a", "--cutter", "knife"], /--cutter .*"knife"/],
    [["chunks", "a", "--cutter", "fixed"], /needs --size/],
    [["chunks", "a", "--cutter", "fastcdc", "--size", "1000"], /--size 1000/],
    [["chunks", "a", "--size", "1000"], /does not go with/],
  ];
  it.each(cases)("%j", async (args, line) => {
    const { code, stdout, stderr } = await rsyncStream(args);
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^rsync-stream: [^\n]* \(USAGE\)\n$/);
    expect(stdout.length).toBe(0);
    expect(code).toBe(2);
  });
});

it("tells its version", async () => {
  const facts = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { code, stdout } = await rsyncStream(["--version"]);
  expect(stdout.toString()).toBe(`${(JSON.parse(facts) as { version: string }).version}\n`);
  expect(code).toBe(0);
});

const names = ["send", "recv", "have", "info", "wish", "data", "apply", "chunks"];

it("helps with everything", async () => {
  const { code, stdout } = await rsyncStream(["--help"]);
  for (const name of names) expect(stdout.toString()).toContain(`rsync-stream ${name} `);
  expect(code).toBe(0);
});

it.each(names)("helps with %s, whatever else is given", async (name) => {
  const { code, stdout, stderr } = await rsyncStream([name, "--help"]);
  expect(stdout.toString()).toContain(`rsync-stream ${name} `);
  expect(stdout.toString()).toContain("--quiet");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

describe("a source that is not there", () => {
  it.each([
    ["send", "nowhere"],
    ["have", "nowhere"],
    ["info", "nowhere"],
    ["chunks", "nowhere"],
  ])("%s exits with 1", async (...args) => {
    const { code, stderr } = await rsyncStream(args);
    expect(stderr).toBe("rsync-stream: nowhere: no such file or directory (NOT_FOUND)\n");
    expect(code).toBe(1);
  });
});

it("shows names without the control characters in them", async () => {
  const { stderr } = await rsyncStream(["send", "a\u001b[31mb\nc\u009bd\u202ee"]);
  expect(stderr).toBe(
    "rsync-stream: a\\x1b[31mb\\x0ac\\x9bd\\u202ee: no such file or directory (NOT_FOUND)\n",
  );
});

it("does not write a stream to a terminal", async ({ skip }) => {
  const folder = freshFolder();
  const { code, stdout } = await runShell(
    "command -v script >/dev/null || exit 77; script -qec \"$RS send '$1'\" /dev/null",
    join(folder),
  );
  if (code === 77) skip("no `script` to make a terminal with");
  expect(stdout.toString()).toContain("the result is not text");
  expect(code).toBe(2);
});

it("colours what it says only when asked to, off a terminal", async () => {
  const plain = await rsyncStream(["send", "nowhere"]);
  const colored = await rsyncStream(["send", "nowhere", "--color", "always"]);
  expect(plain.stderr).not.toContain("\u001b");
  expect(colored.stderr).toContain("\u001b[31m");
});
