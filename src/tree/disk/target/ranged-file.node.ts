import { SyncError } from "../../../errors.ts";
import type { Entry } from "../../entry/entry.ts";
import { cutLimits } from "../../order/file-range.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { hasAlternatives } from "./alternatives.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { FileRanges } from "./file-ranges.node.ts";
import type { FileOrigin } from "./planned-files.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import type { Workspace } from "./workspace.node.ts";

/** Of a file of which a range may come, or ranges have come: what it is made from, if it is now. */
export type RangePlan =
  | { readonly comes: true; readonly origin: FileOrigin }
  /** Nothing of it: other sessions have to bring so many bytes before it can be completed. */
  | { readonly comes: false; readonly missingBytes: number };

/**
 * Plans a file of which a range may come, or ranges have come. Where an older version stands no
 * range comes: the file is made from that when it is completed.
 *
 * @throws LOCKED while another session is at work on it
 */
export function planRanges(planned: PlannedEntry, workspace: Workspace): RangePlan {
  const { entry, there } = planned;
  const { fileRange, held } = workspace;
  if (!fileRange && entry.size < cutLimits.cutFileBytes) return madeFrom({});
  const ranges = workspace.openRanges(planned);
  if (!ranges) return madeFrom({});
  const hasOld = there?.kind === "file" && there.size > 0;
  if (ranges.isPart) {
    if (!ranges.beginPart()) return waitingFor(0);
    if (!hasOld) return madeFrom({ ranges });
    ranges.settlePart();
    return waitingFor(0);
  }
  if (fileRange && ranges.missingBytes > 0)
    return waitingFor(isCompleted(planned, ranges, held) ? 0 : ranges.missingBytes);
  ranges.beginWhole();
  // Somebody else may have completed it before.
  if (fileRange && ranges.missingBytes > 0) return waitingFor(0);
  const { groups, metadata } = workspace;
  const wanted = groups.withGroup(planned.dir, entry);
  const setMetadata = (fd: number, content: NameIn): void =>
    metadata.in(planned.dir).setHandle(held, content, fd, wanted);
  return madeFrom({ ranges, basis: hasOld ? undefined : ranges.asBasis(entry, setMetadata) });
}

function madeFrom(origin: FileOrigin): RangePlan {
  return { comes: true, origin };
}

function waitingFor(missingBytes: number): RangePlan {
  return { comes: false, missingBytes };
}

/** True where nothing of the ranges is left since somebody has made the file of them. */
function isCompleted({ dir, name, entry }: PlannedEntry, ranges: FileRanges, held: HeldDirs): boolean {
  if (ranges.missingBytes < entry.size) return false;
  const there = held.look(dir, name);
  return there?.kind === "file" && there.size === entry.size && there.mtimeSec === entry.mtimeSec;
}

/** The entry of the whole file where that of a range came. @throws CHANGED */
export function wholeEntry(entry: Entry, { fileRange }: Pick<TreeTargetOptions, "fileRange">): Entry {
  if (!fileRange || entry.kind !== "file") return entry;
  if (entry.size !== fileRange.size)
    throw new SyncError("CHANGED", "a file is not as long as the range that was announced");
  return { ...entry, size: fileRange.fileBytes };
}

/** @throws USAGE for a range beside what is about whole files */
export function checkRangeOptions(options: TreeTargetOptions): void {
  if (!options.fileRange) return;
  const { inPlace = false, keep, part, tempDir } = options;
  if (part === undefined) throw new SyncError("USAGE", "a range of a file belongs to a part");
  if (inPlace || keep?.hardLinks === true || tempDir !== undefined || hasAlternatives(options))
    throw new SyncError("USAGE", "a file that comes in ranges is made in one way alone");
}
