import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { builtCli } from "../built.ts";

const cli = builtCli();

/** How a program ended, and what it wrote. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A directory for one test. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs one command; `input` becomes its standard input. */
export async function rsyncStream(
  args: readonly string[],
  input: Uint8Array = Buffer.alloc(0),
): Promise<Outcome> {
  const child = spawn(process.execPath, [cli, ...args]);
  child.stdin.on("error", () => {}); // it may end without having read all
  child.stdin.end(input);
  return outcomeOf(child);
}

/** Runs a line of shell, in which `$RS` is the command; `$1`, `$2` ... are the arguments. */
export function shell(line: string, ...args: readonly string[]): ChildProcess {
  return spawn("bash", ["-c", `set -o pipefail; RS="${process.execPath} ${cli}"; ${line}`, "bash", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What Node.js requires first, where there is no home to be found. */
export const homeless = `
  require("node:os").homedir = () => { throw new Error("there is no home"); };
  require("node:module").syncBuiltinESMExports();
`;

/** Waits for a program's end. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on("data", (bytes: Buffer) => stderr.push(bytes));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** Runs a line of shell to its end. */
export function runShell(line: string, ...args: readonly string[]): Promise<Outcome> {
  return outcomeOf(shell(line, ...args));
}

/** The number that a program prints first. */
export async function firstNumber(child: ChildProcess): Promise<number> {
  return new Promise((resolve) =>
    child.stdout!.once("data", (bytes: Buffer) => resolve(Number(bytes.toString()))),
  );
}

/** Waits for something that no event tells. */
export async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
