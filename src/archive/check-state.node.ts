import fs from "node:fs";
import { jsonRecord } from "../bytes/json-record.ts";
import { pathOf } from "../bytes/byte-path.node.ts";
import { statsAt } from "../bytes/stats-at.node.ts";
import { SyncError } from "../errors.ts";
import { ioError } from "../store/io-error.node.ts";

/** What is recorded of a check that was not ended. */
export interface CheckState<Counts> {
  /** What is checked, and how: a state is of use for the same check alone. */
  readonly job: Readonly<Record<string, string | undefined>>;
  readonly after: string;
  /** By which files were drawn. */
  readonly seed: string;
  readonly checkedFiles: number;
  readonly damagedFiles: number;
  readonly counts: Counts;
}

const format = "rsync-stream check";
const version = 1;
const maxStateBytes = 1 << 20;

/**
 * Reads how far an earlier run of a check has come; undefined where there was none.
 *
 * @throws STATE for a file that is no such state, or of another check; IO
 */
export function readCheckState<Counts>(
  path: string,
  job: CheckState<Counts>["job"],
): CheckState<Counts> | undefined {
  const stats = statsAt(path);
  if (stats === undefined) return undefined;
  const state = stats.size <= maxStateBytes ? jsonRecord(fs.readFileSync(pathOf(path), "utf8")) : {};
  const detail = { path };
  if (state["format"] !== format)
    throw new SyncError("STATE", "this file is not the state of a check", { detail });
  if (state["version"] !== version)
    throw new SyncError("STATE", "this state was written by another version; remove it", { detail });
  if (JSON.stringify(state["job"]) !== JSON.stringify(job))
    throw new SyncError("STATE", "this is the state of another check; remove it or name another file", {
      detail,
    });
  return state as unknown as CheckState<Counts>;
}

/** Records how far a check has come; the file is replaced at once. @throws NOT_FOUND, IO */
export function writeCheckState<Counts>(path: string, state: CheckState<Counts>): void {
  try {
    const incomplete = `${path}.new`;
    fs.writeFileSync(pathOf(incomplete), JSON.stringify({ format, version, ...state }));
    fs.renameSync(pathOf(incomplete), pathOf(path));
  } catch (thrown) {
    throw ioError(thrown, path);
  }
}
