import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, outcomeOf, rsyncStream, shell, waitUntil } from "./run.ts";
import { noise, partsIn, picture, plant } from "./trees.ts";
import { builtCli } from "../built.ts";
import { missing, unless } from "../obstacles.ts";

/** A tree, and the two parts of a stream that brings it. */
async function prepare() {
  const folder = freshFolder();
  const tree = join(folder, "tree");
  plant(tree, { "big.bin": noise(2_000_000, "big") });
  const { stdout } = await rsyncStream(["send", `${tree}/`]);
  plant(folder, { begin: stdout.subarray(0, 1_500_000), rest: stdout.subarray(1_500_000) });
  return { folder, tree, copy: join(folder, "copy") };
}

/**
 * Receives, in a shell's background, the first part of the stream, and the rest when there is a
 * file `go`.
 */
const receiving =
  "exec 3< <(cat begin; until [ -e go ]; do sleep 0.05; done; cat rest); $RS recv copy <&3 & echo $! > pid; wait $!";

/** Waits until that much has come, and hangs up. */
async function hangUp(folder: string): Promise<void> {
  const pid = (): number =>
    Number(existsSync(join(folder, "pid")) && readFileSync(join(folder, "pid"), "utf8"));
  await waitUntil(() => partsIn(join(folder, "copy")) > 1_000_000 && pid() > 0);
  process.kill(pid(), "SIGHUP");
  writeFileSync(join(folder, "go"), "");
}

describe("a hangup that was ignored from the start ends nothing", () => {
  it.each([
    ["by nohup", receiving.replace("$RS", "nohup $RS")],
    [
      "by whoever calls exec",
      receiving.replace("$RS recv copy <&3", "(trap '' HUP; exec $RS recv copy <&3)"),
    ],
  ])("%s", async (_, line) => {
    const { folder, tree, copy } = await prepare();
    const ended = outcomeOf(shell(`cd "$1"; ${line}`, folder));
    await hangUp(folder);
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(0);
    expect(picture(copy)).toEqual(picture(tree));
  });
});

describe("at a terminal, a hangup", () => {
  unless(missing("script")).test.for([
    ["ends a command", "", 130, "interrupted by SIGHUP (ABORTED)"],
    ["does not end one of a script that ignores it", "trap '' HUP;", 0, "received: "],
  ] as const)("%s", async ([, trap, exit, words]) => {
    const { folder } = await prepare();
    writeFileSync(join(folder, "script"), `${trap} ${receiving}`);
    const line = 'cd "$1"; export RS; script -qec "bash script" /dev/null';
    const ended = outcomeOf(shell(line, folder));
    await hangUp(folder);
    const { code, stdout } = await ended;
    expect(stdout.toString()).toContain(words);
    expect(code).toBe(exit);
  });
});

unless(missing("mkfifo")).describe("a signal ends a command that reads from a pipe", () => {
  const start = (folder: string, options: readonly string[]) => {
    plant(join(folder, "tree"), { file: "x" });
    return spawn(process.execPath, [builtCli(), "sync", "tree/", "copy", ...options], { cwd: folder });
  };

  it.each([
    ["paths", ["--files-from", "pipe"]],
    ["patterns", ["--exclude-from", "pipe"]],
    ["rules", ["--filter", "merge pipe"]],
  ])("%s", async (_, options) => {
    const folder = freshFolder();
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const child = start(folder, options);
    const ended = outcomeOf(child);
    await using _pipe = await open(join(folder, "pipe"), "w"); // once it is read
    child.kill("SIGTERM");
    expect((await ended).code).not.toBe(0);
    expect(child.signalCode).toBe("SIGTERM");
  });

  it("paths from standard input", async () => {
    const child = start(freshFolder(), ["--files-from", "-"]);
    const ended = outcomeOf(child);
    child.stdin.on("error", () => {}); // it ends without having read all
    const isRead = new Promise((resolve) => child.stdin.write(Buffer.alloc(1 << 20, "f\n"), resolve));
    await isRead; // a pipe holds less
    child.kill("SIGTERM");
    await ended;
    expect(child.signalCode).toBe("SIGTERM");
  });
});
