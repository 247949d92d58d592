import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { delimiter, join } from "node:path";
import { findProgram } from "../../test/programs.ts";

/**
 * Makes a folder in which whole programs are measured. Command lines run in it and find there
 *
 * - `rsync-stream` on their path, as an installation puts it there, and this Node;
 * - `./measure NAME PROGRAM ARGUMENT...`, which runs a program and notes how it went in `lap/NAME`;
 * - `./local HOST PROGRAM ARGUMENT...`, in place of ssh;
 * - `lap/`, empty but for the named pipe `lap/back`, and `dest/`.
 */
export function makeWorkbench(folder: string, cli: string): NodeJS.ProcessEnv {
  const programs = join(folder, "bin");
  fs.mkdirSync(programs);
  fs.symlinkSync(cli, join(programs, "rsync-stream"));
  fs.symlinkSync(process.execPath, join(programs, "node"));
  const script = { mode: 0o755 };
  fs.writeFileSync(join(folder, "measure"), measureScript(gnuTime()), script);
  fs.writeFileSync(join(folder, "local"), '#!/bin/sh\nshift\nexec ./measure server "$@"\n', script);
  return { ...withoutNodeSettings(), PATH: `${programs}${delimiter}${process.env["PATH"]}`, LC_ALL: "C" };
}

/**
 * The variables of this process but for those that set Node.js up: to read more certificates at
 * each start, for example, takes as long as the start itself (`time node -e 0` with and without
 * NODE_EXTRA_CA_CERTS).
 */
function withoutNodeSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("NODE_")));
}

/**
 * Notes exit code, peak memory in KiB, user and system seconds; without GNU time only the exit
 * code.
 */
function measureScript(time: string | undefined): string {
  const head = "#!/bin/sh\nname=$1\nshift\n";
  if (time !== undefined) return `${head}exec '${time}' -q -f '%x %M %U %S' -o "lap/$name" "$@"\n`;
  return `${head}"$@"\ncode=$?\necho $code > "lap/$name"\nexit $code\n`;
}

function gnuTime(): string | undefined {
  const path = findProgram("time");
  if (path === undefined) return undefined;
  const { status } = spawnSync(path, ["-q", "-f", "%M", "true"]);
  return status === 0 ? path : undefined;
}

/** True when peak memory and processor time can be told. */
export function measuresMemory(): boolean {
  return gnuTime() !== undefined;
}

/** Clears the notes of the lap before. */
export function clearLap(folder: string): void {
  const lap = join(folder, "lap");
  fs.rmSync(lap, { recursive: true, force: true });
  fs.mkdirSync(lap);
  run("mkfifo", join(lap, "back"));
}

/**
 * Makes `dest/` a copy of something, or empty, and waits until the disk has it; on Linux for no
 * other disk.
 */
export function resetDestination(folder: string, copyOf?: { from: string; as: string }): void {
  const dest = join(folder, "dest");
  fs.rmSync(dest, { recursive: true, force: true });
  fs.mkdirSync(dest);
  if (copyOf !== undefined) run("cp", "-a", copyOf.from, join(dest, copyOf.as));
  run("sync", ...(process.platform === "linux" ? ["-f", dest] : []));
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}
