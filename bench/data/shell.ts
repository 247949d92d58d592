import { spawnSync } from "node:child_process";

/**
 * Runs a command line of the shell; `words` are its `$1`, `$2` and so on.
 *
 * @throws Error when it fails, with what it wrote to standard error
 */
export function runShell(cwd: string, commandLine: string, ...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync("sh", ["-ec", commandLine, "sh", ...words], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${commandLine}: ${error?.message ?? stderr.trim().slice(-500)}`);
}
