import { ageText } from "../../bytes/age-text.ts";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { SyncError, toSyncError } from "../../errors.ts";

/** Who works with a state, as it stands in the file beside it. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as the system counts it: tells it from a later one. */
  readonly started: string;
  readonly since: string;
}

/** Rounds of taking over a lock whose owner is gone. */
const attemptCount = 5;

/**
 * Takes the lock of a state file, from an owner that is gone when need be, and returns what
 * releases it. The file gets its name complete, by a second link.
 *
 * @throws LOCKED with the owner and the age of the lock, IO where files cannot have two names
 */
export function lockState(path: string): () => void {
  const place = `${path}.owner`;
  const own = `${place}.${randomBytes(6).toString("hex")}`;
  const { pid } = process;
  const owner: Owner = { pid, host: os.hostname(), started: startOf(pid), since: new Date().toISOString() };
  fs.writeFileSync(own, JSON.stringify(owner), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attemptCount; attempt++) {
      if (isTaken(own, place)) return () => void attemptTo(() => fs.unlinkSync(place));
      const found = ownerIn(place);
      if (found !== undefined && isRunning(found)) throw locked(path, found);
      moveAway(place, own, found);
    }
  } finally {
    fs.rmSync(own, { force: true });
  }
  throw new SyncError("LOCKED", "others take this state again and again", { detail: { path } });
}

/** True when the lock is taken by now, false when somebody has it. @throws IO */
function isTaken(own: string, place: string): boolean {
  try {
    fs.linkSync(own, place);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw toSyncError(thrown, "IO", { path: place });
  }
}

/**
 * Takes a lock out of the way whose owner was found to be gone; one that turns out to be of
 * somebody else is put back.
 */
function moveAway(place: string, own: string, dead: Owner | undefined): void {
  const away = `${own}.dead`;
  if (!attemptTo(() => fs.renameSync(place, away))) return;
  const moved = ownerIn(away);
  if (JSON.stringify(moved) !== JSON.stringify(dead)) attemptTo(() => fs.linkSync(away, place));
  fs.rmSync(away, { force: true });
}

function ownerIn(place: string): Owner | undefined {
  try {
    const found: unknown = JSON.parse(fs.readFileSync(place, "utf8"));
    return isOwner(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** False for what no process of ours writes. */
function isOwner(found: unknown): found is Owner {
  if (typeof found !== "object" || found === null) return false;
  const { pid, host, started, since } = found as Record<string, unknown>;
  return Number.isSafeInteger(pid) && [host, started, since].every((text) => typeof text === "string");
}

/** True unless the owner is known to be gone: of another machine that cannot be known. */
function isRunning({ pid, host, started }: Owner): boolean {
  if (host !== os.hostname()) return true;
  if (started !== "" && startOf(process.pid) !== "") return startOf(pid) === started;
  return attemptTo(() => process.kill(pid, 0));
}

/** Field 22 of proc(5) stat, counted behind the name in brackets; nothing where there is none. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function locked(path: string, { pid, host, since }: Owner): SyncError {
  const age = ageText(Date.now() - Date.parse(since));
  return new SyncError(
    "LOCKED",
    `process ${pid} on ${host} has worked with this state since ${since} (for ${age}); if it does not run, remove ${path}.owner`,
    { detail: { path } },
  );
}

function attemptTo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
