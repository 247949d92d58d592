import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { bootstrap } from "../../src/transfer/bootstrap.node.ts";
import { notPosix, unless } from "../obstacles.ts";
import { freshFolder, homeless, outcomeOf, rsyncStream } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

/** What is in a tree, but for times, which are right to the microsecond without native parts. */
const contentsOf = (root: string) => picture(root).map((row) => row.replace(/ \d+(?= [^ ]*$)/, ""));

/** A host that has Node.js, unless told otherwise, and not this program. */
function hostWithout(...programs: readonly string[]) {
  const work = freshFolder();
  const [bin, cache] = [join(work, "bin"), join(work, "cache")];
  mkdirSync(bin);
  if (!programs.includes("node")) symlinkSync(process.execPath, join(bin, "node"));
  for (const name of ["sh", "cat"]) symlinkSync(`/bin/${name}`, join(bin, name));
  const shell = `#!/bin/sh\nshift\nexport XDG_CACHE_HOME='${cache}' PATH='${bin}' TMPDIR='${work}'\nexec sh -c "$*"\n`;
  writeFileSync(join(work, "shell"), shell);
  return { work, cache, bin, far: ["-e", `/bin/sh ${join(work, "shell")}`, "--retries", "0"] };
}

unless(notPosix).describe("a host where nothing is installed", () => {
  test("is sent the program once, and runs it", async () => {
    const { work, cache, far } = hostWithout();
    plant(join(work, "from"), { a: "a", "b/c": noise(3_000_000, "bootstrap") });
    const push = (...more: string[]) =>
      rsyncStream(["push", `${work}/from/`, `h:${work}/to`, ...far, ...more]);
    const first = await push();
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/rsync-stream is not installed there: \d+ kB of it were sent, and kept as /);
    expect(contentsOf(join(work, "to"))).toEqual(contentsOf(join(work, "from")));
    const second = await push();
    expect([second.code, second.stderr]).toEqual([0, expect.not.stringContaining("not installed")]);
    const pulled = await rsyncStream(["pull", `h:${work}/from/`, `${work}/back`, ...far]);
    expect([pulled.code, pulled.stderr]).toEqual([0, expect.not.stringContaining("not installed")]);
    expect(contentsOf(join(work, "back"))).toEqual(contentsOf(join(work, "from")));
    const kept = join(cache, "rsync-stream", readdirSync(join(cache, "rsync-stream"))[0]!);
    writeFileSync(kept, "process.exit(7)"); // damaged, or another's
    const [old, young, others] = [`${"a".repeat(64)}.mjs`, `${"b".repeat(64)}.mjs`, "others.mjs"];
    for (const name of [old, `${old}.123`, young, others]) writeFileSync(join(kept, "..", name), "");
    for (const name of [old, `${old}.123`, others]) utimesSync(join(kept, "..", name), 1000, 1000);
    const third = await push();
    expect([third.code, third.stderr]).toEqual([0, expect.stringContaining("not installed")]);
    expect(readdirSync(join(kept, "..")).sort()).toEqual([basename(kept), young, others].sort());
    rmSync(kept);
    execFileSync("mkfifo", [kept]); // and nobody writes into it
    const afterPipe = await push();
    expect([afterPipe.code, afterPipe.stderr]).toEqual([0, expect.stringContaining("and kept as")]);
    rmSync(kept);
    mkdirSync(kept); // nothing can be kept by this name
    const fourth = await push();
    expect([fourth.code, fourth.stderr]).toEqual([0, expect.stringContaining("not installed")]);
    const forbidden = await push("--no-bootstrap");
    expect([forbidden.code, forbidden.stderr]).toEqual([
      1,
      expect.stringMatching(/not found; rsync-stream has to be .*--remote-path/),
    ]);
  });

  test("runs it from elsewhere where others may write to the place", async () => {
    const { work, cache, far } = hostWithout();
    plant(join(work, "from"), { a: "a" });
    mkdirSync(join(cache, "rsync-stream"), { recursive: true });
    chmodSync(join(cache, "rsync-stream"), 0o777);
    const { code, stderr } = await rsyncStream(["push", `${work}/from/`, `h:${work}/to`, ...far]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("can be written to by others")]);
    expect(readdirSync(join(cache, "rsync-stream"))).toEqual([]);
    expect(readdirSync(work).filter((name) => name.startsWith("rsync-stream-"))).toEqual([]);
    expect(existsSync(join(work, "to/a"))).toBe(true);
  });

  test("runs it from elsewhere where there is no home", async () => {
    const { work, cache, far } = hostWithout();
    plant(work, { "from/a": "a", "homeless.cjs": homeless });
    const shell = join(work, "shell");
    const settings = `XDG_CACHE_HOME= NODE_OPTIONS='-r ${work}/homeless.cjs'`;
    writeFileSync(shell, readFileSync(shell, "utf8").replace(`XDG_CACHE_HOME='${cache}'`, settings));
    const { code, stderr } = await rsyncStream(["push", `${work}/from/`, `h:${work}/to`, ...far]);
    expect(code, stderr).toBe(0);
    expect(existsSync(join(work, "to/a"))).toBe(true);
  });

  test("says so where there is no Node.js either, or an old one", async () => {
    const { work, bin, far } = hostWithout("node");
    plant(join(work, "from"), { a: "a" });
    const push = () => rsyncStream(["push", `${work}/from/`, `h:${work}/to`, ...far]);
    const none = await push();
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringContaining("neither rsync-stream nor Node.js"),
    ]);
    const old = `shift 3; exec '${process.execPath}' -e "Object.defineProperty(process.versions, 'node', { value: '18.1.0' }); $0" -- "$@"`;
    writeFileSync(join(bin, "node"), `#!/bin/sh\nloader=$2\n${old.replace("$0", "$loader")}\n`, {
      mode: 0o755,
    });
    const tooOld = await push();
    expect([tooOld.code, tooOld.stderr]).toEqual([1, expect.stringContaining("Node.js 18.1.0 is there")]);
  });
});

test("what the shell there is given is one line, for csh", () => {
  expect(bootstrap("recv")!.command).not.toContain("\n");
});

unless(notPosix).describe("the loader", () => {
  /** What it makes of the bytes on its standard input. */
  async function load(answer: (token: string) => Uint8Array, change = (command: string) => command) {
    const { work } = hostWithout();
    const { command } = bootstrap("recv --help")!;
    const token = /[0-9a-f]{64} ([0-9a-f]{64})/.exec(command)![1]!;
    const env = { PATH: join(work, "bin"), XDG_CACHE_HOME: join(work, "cache"), TMPDIR: work };
    const child = spawn("/bin/sh", ["-c", change(command)], { env });
    child.stdin.on("error", () => {});
    child.stdin.end(answer(token));
    return outcomeOf(child);
  }

  test("does not run what is damaged, or not the program", async () => {
    const { code, stderr } = await load((token) =>
      Buffer.concat([Buffer.from(token), noise(200_000, "no program")]),
    );
    expect([code, stderr]).toEqual([126, expect.stringContaining("rsync-stream: ")]);
  });

  test("ends when the other end goes away", async () => {
    const { code, stderr } = await load((token) => Buffer.from(token.slice(0, 40) + token + "cut off"));
    expect([code, stderr]).toEqual([126, expect.stringContaining("the other end went away")]);
  });
});
