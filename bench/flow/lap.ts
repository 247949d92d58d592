import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** One run of a command line. */
export interface Lap {
  readonly seconds: number;
  /** The programs it consists of, by the names that `measure` was given. */
  readonly programs: Readonly<Record<string, ProgramFacts>>;
  /** All that they printed. */
  readonly output: string;
}

/**
 * How one program did. A program that waits for others, as `rsync` for its server, answers for them
 * too.
 */
export interface ProgramFacts {
  /** The most memory it had in use; of several processes, the largest. */
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

/**
 * Runs a command line in the folder of a workbench, from start to the end of its last program.
 *
 * @throws Error when any of its programs fails
 */
export async function runLap(commandLine: string, folder: string, env: NodeJS.ProcessEnv): Promise<Lap> {
  const started = performance.now();
  const shell = spawn("sh", ["-c", commandLine], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // in a group of its own, which can be ended as a whole
  });
  const end = (): boolean => shell.pid !== undefined && process.kill(-shell.pid, "SIGKILL");
  process.prependOnceListener("exit", end);
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (bytes) => (output += bytes));
  const [code] = await once(shell, "close");
  process.off("exit", end);
  const seconds = (performance.now() - started) / 1000;
  const notes = readNotes(join(folder, "lap"));
  const failed = notes.filter(({ code }) => code !== 0).map(({ name }) => name);
  if (code !== 0 || failed.length > 0) {
    throw new Error(`${failed.join(", ") || "the shell"} failed: ${output.trim().slice(-500)}`);
  }
  return { seconds, output, programs: Object.fromEntries(notes.map(({ name, facts }) => [name, facts])) };
}

/** What `measure` noted of each program. */
function readNotes(folder: string): { name: string; code: number; facts: ProgramFacts }[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile());
  return files.map(({ name }) => {
    const [code, peakKib = Number.NaN, userSeconds = Number.NaN, systemSeconds = Number.NaN] = readFileSync(
      join(folder, name),
      "utf8",
    )
      .trim()
      .split(" ")
      .map(Number);
    const facts = { peakBytes: peakKib * 1024, cpuSeconds: userSeconds + systemSeconds };
    return { name, code: code ?? 1, facts };
  });
}
