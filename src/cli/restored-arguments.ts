import { readFileSync } from "node:fs";
import { SyncError } from "../errors.ts";

/** What stands in a text in the place of bytes that are not UTF-8. */
const replacement = "\uFFFD";

/**
 * Refuses arguments that are not UTF-8: decoded they would name other places than the ones that were given. A name with a true
 * U+FFFD in it passes where the system tells the bytes.
 *
 * @param argv the last arguments of this process, decoded
 * @throws USAGE
 */
export function refuseGarbled(argv: readonly string[], readRaw = readRawArguments): void {
  if (!argv.some((argument) => argument.includes(replacement))) return;
  const raw = readRaw()?.slice(-argv.length) ?? [];
  const at = argv.findIndex(
    (argument, i) => argument.includes(replacement) && raw[i]?.equals(Buffer.from(argument)) !== true,
  );
  if (at >= 0) throw new SyncError("USAGE", `the argument "${argv[at]}" is not UTF-8`);
}

/** The bytes of all arguments of this process, where the system tells them. */
function readRawArguments(): Buffer[] | undefined {
  try {
    const text = readFileSync("/proc/self/cmdline", "latin1");
    return text
      .split("\0")
      .slice(0, -1)
      .map((argument) => Buffer.from(argument, "latin1"));
  } catch {
    return undefined;
  }
}
