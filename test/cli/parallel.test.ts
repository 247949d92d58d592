import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtCli } from "../built.ts";
import { notPosix, unless } from "../obstacles.ts";
import { freshFolder, rsyncStream, runShell } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

/**
 * A remote shell that writes down how often it is called. What the first program says, and hears,
 * goes on behind its first 100 kB only when the others have said something.
 */
const remoteShell = `
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
const [work, others, , ...words] = process.argv.slice(2);
appendFileSync(work + "/log", words.join(" ").replaceAll("\\n", " ") + "\\n");
const isFirst = !/ join /.test(words.join(" "));
const child = spawn("sh", ["-c", words.join(" ")], {
  stdio: ["pipe", "pipe", "inherit"],
  env: { ...process.env, TMPDIR: work + "/tmp" },
});
child.on("exit", (code) => (process.exitCode = code));
const joined = () => readdirSync(work).filter((name) => name.startsWith("joined")).length;
async function pass(from, to) {
  let count = 0;
  for await (const bytes of from) {
    count += bytes.length;
    while (isFirst && count > 100_000 && joined() < Number(others)) await new Promise((go) => setTimeout(go, 20));
    if (!isFirst && from !== process.stdin) writeFileSync(work + "/joined" + process.pid, "");
    if (!to.write(bytes)) await new Promise((go) => to.once("drain", go));
  }
  to.end();
}
child.stdin.on("error", () => {});
await Promise.all([pass(process.stdin, child.stdin), pass(child.stdout, process.stdout)]);
`;

/** A tree, and a host. */
function scene(others: number) {
  const work = freshFolder();
  const from = join(work, "from");
  plant(from, { a: noise(3_000_000, "parallel"), "b/c": "c" });
  mkdirSync(join(work, "tmp"));
  writeFileSync(join(work, "shell.mjs"), remoteShell);
  const shell = [process.execPath, join(work, "shell.mjs"), work, others].join(" ");
  const there = `${process.execPath} ${builtCli()}`;
  const far = ["-e", shell, "--remote-path", there, "--retries", "0"];
  const connections = () => readFileSync(join(work, "log"), "utf8").trim().split("\n");
  return { work, from, far, connections };
}

unless(notPosix).describe("over a remote shell", () => {
  test("--jobs starts further programs, which join the first, and leaves nothing", async () => {
    for (const [direction, count] of [
      ["push", 3],
      ["pull", 2],
    ] as const) {
      const { work, from, far, connections } = scene(count - 1);
      const places = direction === "push" ? [`${from}/`, `h:${work}/to`] : [`h:${from}/`, `${work}/to`];
      const { code, stderr } = await rsyncStream([direction, `-j${count}`, ...far, ...places]);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining("connection")]);
      expect(picture(join(work, "to"))).toEqual(picture(from));
      expect(connections().filter((line) => / join /.test(line))).toHaveLength(count - 1);
      expect(readdirSync(join(work, "tmp"))).toEqual([]);
    }
  });

  test("there is one connection unless more are asked for", async () => {
    const { work, from, far, connections } = scene(0);
    const { code, stderr } = await rsyncStream(["push", ...far, `${from}/`, `h:${work}/to`]);
    expect(code, stderr).toBe(0);
    expect(connections()).toHaveLength(1);
  });

  test("nobody joins by a directory that others may write to", async () => {
    const group = "0123456789abcdef0123456789abcdef";
    const work = freshFolder();
    mkdirSync(join(work, `rsync-stream-${group}`), { mode: 0o755 });
    const joining = `TMPDIR="$1" $RS join ${group} <&2 | cat`;
    const { code, stderr } = await runShell(joining, work);
    expect([code, stderr]).toEqual([1, expect.stringContaining("no such group of connections")]);
  });
});

test.each([
  [["push", "-j0"], "from 1 to 64"],
  [["push", "-j65"], "from 1 to 64"],
  [["push", "-j2", "--turns"], "one connection"],
])("%s is refused", async (words, reason) => {
  const { code, stderr } = await rsyncStream([...words, ".", "http://127.0.0.1:9/"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
});
