import fs from "node:fs";
import os from "node:os";
import { isErrno } from "../calls/file-trouble.node.ts";

/** Who holds a lock, as it stands in the lock file. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /**
   * When the process started, as the system counts it: tells it from a later one of the same
   * number.
   */
  readonly started: string;
  readonly since: string;
  /**
   * Tells this run of the system from others, also where containers have host names of their own;
   * Linux only.
   */
  readonly boot?: string | undefined;
  /** The space of process numbers in which `pid` means the holder; Linux only. */
  readonly pids?: string | undefined;
  /** True when the holder also holds a lock of the system on the file, which ends with it. */
  readonly inSystem?: boolean;
}

/** What is known of a lock file beside its text. */
interface LockFacts {
  /** True when the system says that nobody holds the file. */
  readonly isFree: boolean;
  /** True when only processes under this system can write to the file. */
  readonly isLocal: () => boolean;
}

/** This process as a holder. */
export function thisHolder(inSystem: boolean): Holder {
  const { pid } = process;
  const since = new Date().toISOString();
  return { pid, host: os.hostname(), started: statOf(pid)?.started ?? "", since, boot, pids, inSystem };
}

/** The holder that a lock file names; undefined when it names none, or not as one does. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return isHolder(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(found: unknown): found is Holder {
  const { boot = "", host, inSystem = false, pid, pids = "", since, started } = found as Partial<Holder>;
  const isText = [boot, host, pids, since, started].every((text) => typeof text === "string");
  return isText && typeof inSystem === "boolean" && Number.isSafeInteger(pid) && Number(pid) > 0;
}

/** Whether the holder still runs, as far as that can be found out from here. */
export function stateOf(holder: Holder, { isFree, isLocal }: LockFacts): "running" | "gone" | "unknown" {
  const isOurHost = holder.host === os.hostname();
  const isKnownBoot = holder.boot !== undefined && boot !== undefined;
  if (isKnownBoot && holder.boot !== boot) return isOurHost || isLocal() ? "gone" : "unknown";
  if (!isKnownBoot && !isOurHost) return "unknown";
  if (isFree && holder.inSystem === true) return "gone";
  if (holder.pids !== undefined && pids !== undefined && holder.pids !== pids) return "unknown";
  return isRunning(holder) ? "running" : "gone";
}

function isRunning(holder: Holder): boolean {
  const found = statOf(holder.pid);
  if (found !== undefined) return found.started === holder.started && !found.hasEnded;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (thrown) {
    return !isErrno(thrown, "ESRCH");
  }
}

const boot = attempt(() => fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim());
const pids = attempt(() => fs.readlinkSync("/proc/self/ns/pid"));

/**
 * Fields 22 and 3 of proc(5) stat, counted behind the name in brackets, which may hold anything.
 * Who started a process that has ended may be long in asking for that.
 */
function statOf(pid: number): { readonly started: string; readonly hasEnded: boolean } | undefined {
  return attempt(() => {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { started: fields[19]!, hasEnded: fields[0] === "Z" || fields[0] === "X" };
  });
}

function attempt<Found>(read: () => Found | undefined): Found | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
