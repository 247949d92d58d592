import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";

/** Signals that end a command. */
export const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One of them. */
type EndingSignal = (typeof endingSignals)[number];

/**
 * True for a signal that whoever started this program had it ignore, as `nohup` does: it stays
 * ignored.
 *
 * Linux tells which signals a process ignores, but Node.js takes that back before the first line of
 * a program runs. A hangup also counts as ignored when the process that started this one ignores
 * it, as a script under `nohup` does, or when no standard stream is a terminal: `nohup` leaves none
 * of them on the one that hangs up.
 */
export function isIgnored(name: EndingSignal): boolean {
  if (isIgnoredBy("self", name)) return true;
  if (name !== "SIGHUP") return false;
  return isIgnoredBy(process.ppid, name) || ![0, 1, 2].some((descriptor) => isatty(descriptor));
}

/** What Linux says of a process; false where it cannot be known. */
function isIgnoredBy(pid: number | "self", name: EndingSignal): boolean {
  const bit = BigInt(constants.signals[name] - 1);
  return ((ignoredBits(pid) >> bit) & 1n) === 1n;
}

function ignoredBits(pid: number | "self"): bigint {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  } catch {
    return 0n; // no Linux, or a process of somebody else
  }
}
