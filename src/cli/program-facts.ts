import { readFileSync } from "node:fs";

/** What the program is for. */
export const summary = "Send only what the other end is missing, over any stream.";

/** What the exit codes mean. */
export const exitCodes =
  "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but for some entries, 4 different, 5 a limit was reached, 6 not let in, " +
  "130 interrupted.";

/** How names of trees are read. */
export const slashes = "As with rsync, `SRC/` stands for what is in SRC, and `SRC` for SRC itself.";

/** The version of this package. */
export function readVersion(): string {
  const facts = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(facts) as { version: string }).version;
}
