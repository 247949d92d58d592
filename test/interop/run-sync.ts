import { readArguments } from "../../src/cli/options/arguments.ts";
import type { Report } from "../../src/cli/report/report.ts";
import { sync } from "../../src/cli/transfer/sync.ts";
import { isSyncError } from "../../src/errors.ts";

/**
 * Runs `rsync-stream sync` in this process. Returns why it refuses its words, or whether all went
 * well.
 */
export async function runSync(words: readonly string[]): Promise<string | boolean> {
  let isWhole = true;
  const report = new Proxy({} as Report, {
    get: (_, name) => (name === "trouble" ? () => void (isWhole = false) : () => {}),
  });
  try {
    const { options, operands } = readArguments(words, sync);
    await sync.run({ options, operands, report, signal: new AbortController().signal });
    return isWhole;
  } catch (thrown) {
    if (isSyncError(thrown, "USAGE")) return thrown.message;
    if (isSyncError(thrown)) return false;
    throw thrown;
  }
}
