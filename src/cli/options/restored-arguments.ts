import { readFileSync } from "node:fs";
import { SyncError } from "../../errors.ts";
import { decodeByteText } from "../../bytes/byte-text.ts";

/** What stands in a text in the place of bytes that are not UTF-8. */
const replacement = "\uFFFD";

/**
 * Gives arguments back what they lost when they were decoded. Bytes that are not UTF-8 are in them
 * as `decodeByteText` has them.
 *
 * @param argv the last arguments of this process, decoded
 * @throws USAGE where the system does not tell the bytes: other places would be named than the
 *   given ones
 */
export function restoreArguments(argv: readonly string[], readRaw = readRawArguments): readonly string[] {
  if (!argv.some((argument) => argument.includes(replacement))) return argv;
  const raw = readRaw()?.slice(-argv.length) ?? [];
  return argv.map((argument, i) => {
    if (!argument.includes(replacement)) return argument;
    const bytes = raw[i];
    if (bytes?.toString() === argument) return decodeByteText(bytes);
    throw new SyncError("USAGE", `the argument "${argument}" is not UTF-8, and its bytes cannot be had here`);
  });
}

/** The bytes of all arguments of this process, where the system tells them. */
function readRawArguments(): Buffer[] | undefined {
  if (process.versions["deno"] !== undefined) return undefined; // it would reach other places all the same
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
