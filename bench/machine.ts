import { spawnSync } from "node:child_process";
import { statfsSync } from "node:fs";
import * as os from "node:os";
import { findProgram } from "../test/programs.ts";

/** What a figure depends on, beside the code that was measured. */
export interface MachineFacts {
  readonly date: string;
  /** What `git describe` says: `-dirty` when there are changes that are not committed. */
  readonly commit: string;
  readonly cpu: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Type of the file system that flows work on, as statfs(2) numbers them. */
  readonly fileSystem: string;
  /** First line that each program says of itself; absent when it is not installed. */
  readonly programs: Readonly<Record<string, string>>;
  /** Mean number of programs that wanted to run in the minute before the start. */
  readonly loadAverage: number;
}

const programs = ["rsync", "tar", "time"];

/** The facts of this machine, as they are before anything is measured. */
export function readMachine(root: string): MachineFacts {
  const versions = programs.flatMap((name) => {
    const path = findProgram(name);
    return path === undefined ? [] : [[name, firstLine(path, "--version")]];
  });
  return {
    date: new Date().toISOString(),
    commit: firstLine("git", "-C", root, "describe", "--always", "--dirty"),
    cpu: os.cpus()[0]?.model ?? "unknown",
    cpuCount: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    fileSystem: `0x${statfsSync(os.tmpdir()).type.toString(16)}`,
    programs: Object.fromEntries(versions),
    loadAverage: os.loadavg()[0] ?? 0,
  };
}

function firstLine(command: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return `${stdout ?? ""}${stderr ?? ""}`.split("\n")[0]!.trim();
}
