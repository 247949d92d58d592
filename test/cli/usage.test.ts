import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, rsyncStream, runShell } from "./run.ts";
import { missing, unless } from "../obstacles.ts";

describe("wrong usage exits with 2, what is wrong in one line, and the usage in another", () => {
  const cases: [string[], RegExp][] = [
    [["send"], /SRC is missing/],
    [["data", "a", "b"], /WISH is missing/],
    [["send", "a", "b"], /too many: b/],
    [["send", "--dupelx", "a"], /unknown option --dupelx; did you mean --duplex\?/],
    [["send", "-u", "a"], /-u: the receiver decides; recv has it/],
    [["-v", "send", "-Q", "a"], /unknown option -Q/],
    [["send", "--have"], /--have/],
    [["send", ".", "--digest", "md5"], /--digest .*"md5"/],
    [["send", ".", "--digest", "blake3", "--have", "list"], /a list of `have` names chunks by sha-256/],
    [["send", ".", "--timeout", "soon"], /--timeout .*"soon"/],
    [["send", ".", "--timeout", "-1"], /--timeout takes a value: --timeout=SECONDS \(/],
    [["apply", "-", "-", "a"], /only one operand can be standard input/],
    [["push", ".", "ws://localhost/", "--turns"], /--turns goes with/],
    [["pull", "host:x", ".", "--turns"], /--turns goes with/],
    [["info", "a", "--perm", "0"], /--perm .*"0"/],
    [["send", ".", "--fake-super"], /--fake-super: it is for recv/],
    [["recv", "a", "--fake-super=src"], /--fake-super: src is for send/],
    [["push", "-A", ".", "ws://localhost/"], /--acls: a server neither sets/],
    [["push", "-aX", ".", "http://localhost/"], /--xattrs: a server neither sets/],
    [["push", "--fake-super", ".", "http://localhost/"], /--fake-super: a server neither sets/],
    [["pull", "--chown=1:2", "http://localhost/", "."], /--chown: a server gives files to its own user/],
    [["pull", "-o", "ws://localhost/", "."], /--owner: a server gives files to its own user/],
    [["check", "-g", ".", "ws://localhost/"], /--group: a server gives files to its own user/],
    [["recv", "a", "--exclude", "x"], /filters are for --delete here/],
    [["recv", "a", "--color", "blue"], /--color .*"blue"/],
    [["chunks", "a", "--cutter", "knife"], /--cutter .*"knife"/],
    [["chunks", "a", "--cutter", "fixed"], /needs --size/],
    [["chunks", "a", "--cutter", "fastcdc", "--size", "1000"], /--size 1000/],
    [["chunks", "a", "--size", "1000"], /does not go with/],
    [["sync", ".", "b", "--quick", "-c"], /--quick and --checksum say two things/],
    [["sync", ".", "b", "--quick", "-I"], /--quick and --ignore-times say two things/],
    [["sync", ".", "b", "-I", "--append"], /--ignore-times none/],
    [["store", "sync", "http://h/s", "b"], /cannot be listed; name an --index, or its server by ws:/],
    [["store", "verify", "https://h/s"], /can be read by an index alone/],
    [["sync", ".", "b", "--quick", "--size-only"], /--quick and --size-only say two things/],
    [["sync", ".", "b", "--digest", "md5"], /--digest .*"md5"/],
    [["sync", ".", "b", "--digest", "blake3", "--store", "s"], /leave out --digest/],
    [["bucket", "sync", ".", "b", "-n", "--metrics", "m"], /leave out --dry-run/],
    [["sync", ".", "s3://b/p"], /s3:\/\/b\/p is for `bucket sync`/],
    [["push", ".", "s3+http://h/b/p"], /`bucket sync`.*`bucket push`/],
    [["check", "s3://b/p", "."], /`bucket check`/],
    [
      ["jobs", "d", "--place", "x=.", "--fix", "foo=1"],
      /--fix foo: there is no such field; .* as in --fix to=/,
    ],
    [["bucket", "sync", ".", "b", "--max-purge", "1"], /--max-purge goes with --purge-older-than/],
    [["bucket", "sync", ".", "b", "--purge-older-than", "1", "--max-purge", "x"], /--max-purge .*"x"/],
  ];
  it.each(cases)("%j", async (args, line) => {
    const { code, stdout, stderr } = await rsyncStream(args);
    expect(stderr).toMatch(line);
    const name = args.find((word) => !word.startsWith("-"));
    expect(stderr).toMatch(/^rsync-stream: [^\n]* \(USAGE\)\nusage: rsync-stream [^\n]*\n$/);
    expect(stderr).toContain(`usage: rsync-stream ${name} `);
    expect(stdout.length).toBe(0);
    expect(code).toBe(2);
  });

  const unknown: [string[], RegExp][] = [
    [[], /a command is missing/],
    [["--quiet"], /a command is missing/],
    [["sned"], /unknown command "sned"; did you mean send\?/],
    [["xyzzy"], /unknown command "xyzzy"; see rsync-stream --help/],
    [["-avz", "src/", "host:dst"], /unknown command "src\/"; push SRC HOST:DST and pull HOST:SRC DST copy/],
    [["help", "xyzzy"], /unknown command "xyzzy"/],
    [["constructor"], /unknown command "constructor"/],
  ];
  it.each(unknown)("%j is one line", async (args, line) => {
    const { code, stdout, stderr } = await rsyncStream(args);
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^rsync-stream: [^\n]* \(USAGE\)\n$/);
    expect({ code, size: stdout.length }).toEqual({ code: 2, size: 0 });
  });
});

it("a failure that is no fault of the command line comes without the usage", async () => {
  const { stderr } = await rsyncStream(["send", "nowhere"]);
  expect(stderr).not.toContain("usage");
});

const general = "Send only what the other end is missing";
const ofPush = "rsync-stream push SRC";
const version = /^\d+\.\d+\.\d+\S*\n$/;

describe("help and the version are told wherever they are asked for", () => {
  const asked: [string[], string | RegExp][] = [
    [["help"], general],
    [["--help"], general],
    [["-h"], general],
    [["-q", "--help"], general],
    [["help", "help"], general],
    [["help", "--json"], general],
    [["help", "push"], ofPush],
    [["help", "-v", "push"], ofPush],
    [["--help", "push"], ofPush],
    [["-h", "push"], ofPush],
    [["push", "help"], ofPush],
    [["push", "a", "-h"], ofPush],
    [["push", "--no-such", "--help"], ofPush],
    [["version"], version],
    [["--version"], version],
    [["-V"], version],
    [["-q", "version"], version],
    [["push", "-V"], version],
    [["push", "a", "b:c", "--version"], version],
    [["--version", "push"], version],
    [["push", "-qV", "a", "b:c"], version],
  ];
  it.each(asked)("%j", async (args, text) => {
    const { code, stdout, stderr } = await rsyncStream(args);
    expect(stdout.toString()).toMatch(text);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
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

it("recv helps with rules for what is spared, send with those for what is left out", async () => {
  const [recv, send] = await Promise.all(["recv", "send"].map((name) => rsyncStream([name, "--help"])));
  expect(recv!.stdout.toString()).toMatch(/--exclude PATTERN +with --delete: spare what matches/);
  expect(send!.stdout.toString()).toMatch(/--exclude PATTERN +leave out what matches/);
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

describe("with --json, a line that makes no sense is a failure event, where events go", () => {
  const eventOf = (text: string) => JSON.parse(text) as unknown;
  const failure = { event: "failure", code: "USAGE", remote: false, message: expect.any(String) };

  it.each([
    [["push", "--json", "--frob", ".", "host:x"]],
    [["--json", "push", "."]],
    [["pull", "host:x", ".", "extra", "--json"]],
    [["serve", "--json", "--listen"]],
    [["recv", "--json"]],
    [["apply", "--json", "-", "-", "a"]],
    [["push", "--json", "--color"]],
    [["sned", "--json"]],
    [["--json"]],
  ])("%j: standard output", async (args) => {
    const { code, stdout, stderr } = await rsyncStream(args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(eventOf(stdout.toString())).toMatchObject(failure);
  });

  it.each([
    [["send", "--json", "--frob", "."]],
    [["recv", "--duplex", "--json", "--frob", "x"]],
    [["chunks", "--json"]],
    [["info", "a", "--json", "--perm", "0"]],
  ])("%j: standard error", async (args) => {
    const { code, stdout, stderr } = await rsyncStream(args);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: "" });
    expect(eventOf(stderr)).toMatchObject(failure);
  });

  it("but a file of that name asks for none", async () => {
    const { stdout, stderr } = await rsyncStream(["push", "--", "--json"]);
    expect(stdout.length).toBe(0);
    expect(stderr).toMatch(/^rsync-stream: DST is missing/);
  });
});

describe("a file that an option names and that cannot be read is told of", () => {
  it.each([
    [["serve", ".", "--token-file", "nowhere"], 1, "nowhere: no such file or directory (NOT_FOUND)"],
    [
      ["send", "s3://b/p"],
      1,
      "s3://b/p: no such file or directory: what is meant has to be here, at a path (NOT_FOUND)",
    ],
    [
      ["index", "tree", "gs://b/p", "-o", "i"],
      1,
      "gs://b/p: no such file or directory: what is meant has to be here, at a path (NOT_FOUND)",
    ],
    [
      ["bucket", "push", "s3://b/p", "x"],
      1,
      "s3://b/p: no such file or directory: what is meant has to be here, at a path (NOT_FOUND)",
    ],
    [["serve", ".", "--token-file", "."], 2, ".: the secret has to be in a regular file (USAGE)"],
    [
      ["serve", ".", "--token-file", "link"],
      2,
      "link: the secret is behind a link; name the file itself (USAGE)",
    ],
    [["serve", ".", "--token-file", "open"], 2, "open: the secret can be read by others"],
    [
      ["serve", ".", "--tls-cert", "nowhere", "--tls-key", "x"],
      1,
      "nowhere: no such file or directory (NOT_FOUND)",
    ],
    [["serve", ".", "--tls-cert", "open", "--tls-key", "open"], 2, "open: the secret can be read by others"],
    [["serve", ".", "--tls-cert", "open", "--tls-key", "x"], 1, "x: no such file or directory (NOT_FOUND)"],
    [["push", ".", "wss://127.0.0.1:9/", "--ca", "."], 1, ".: this is a directory (IO)"],
    [["send", ".", "--exclude-from", "nowhere"], 1, "nowhere: no such file or directory (NOT_FOUND)"],
  ])("%j", async (args, exit, text) => {
    const folder = freshFolder();
    writeFileSync(join(folder, "open"), "", { mode: 0o644 });
    symlinkSync("open", join(folder, "link"));
    const { code, stderr } = await runShell('cd "$1"; shift; $RS "$@" </dev/null', folder, ...args);
    expect(stderr).toContain(`rsync-stream: ${text}`);
    expect(code).toBe(exit);
  });
});

it("shows names without the control characters in them", async () => {
  const { stderr } = await rsyncStream(["send", "a\u001b[31mb\nc\u009bd\u202ee"]);
  expect(stderr).toBe(
    "rsync-stream: a\\x1b[31mb\\x0ac\\x9bd\\u202ee: no such file or directory (NOT_FOUND)\n",
  );
});

unless(missing("script")).test("does not write a stream to a terminal", async () => {
  const folder = freshFolder();
  const { code, stdout } = await runShell("script -qec \"$RS send '$1'\" /dev/null", folder);
  expect(stdout.toString()).toContain("the result is not text");
  expect(code).toBe(2);
});

it("colours what it says only when asked to, off a terminal", async () => {
  const plain = await rsyncStream(["send", "nowhere"]);
  const colored = await rsyncStream(["send", "nowhere", "--color", "always"]);
  expect(plain.stderr).not.toContain("\u001b");
  expect(colored.stderr).toContain("\u001b[31m");
});
