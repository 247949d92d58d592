import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { checkIndex, type CheckProgress } from "../../archive/check-index.node.ts";
import { readCheckState, writeCheckState } from "../../archive/check-state.node.ts";
import { openIndex } from "../../archive/open-index.node.ts";
import { cutParts, parsePart, type PathRange, rangeOf } from "../../archive/parts.node.ts";
import { realPath } from "../../archive/real-path.node.ts";
import { findPlaceIn } from "../../archive/write-index.node.ts";
import type { TreeIndex } from "../../archive/tree-index.node.ts";
import { mostDifferentAfter } from "../../bucket/draw.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import { openSource } from "../../transfer/open-source.node.ts";
import type { AbortOptions } from "../../types.ts";
import type { OptionValues } from "../command.ts";
import type { indexCheckOptions } from "../options/index-check-options.ts";
import { readCount } from "../options/arguments.ts";
import { type DifferenceCounts, DifferenceReport } from "../report/difference-report.ts";
import { progressPace, type Report } from "../report/report.ts";
import { contentsOf } from "./index-tree.ts";
import { endOf } from "./partial-end.ts";
import { countOf } from "../report/count-of.ts";

const maxSampleCount = 1_000_000;

type Values = OptionValues<typeof indexCheckOptions>;

/** What the caller reads of its own options. */
interface CheckChoice extends AbortOptions {
  readonly source: Parameters<typeof openSource>[1];
  readonly bytesPerSecond?: number | undefined;
}

/**
 * Compares a tree with an index of it, and reports how.
 *
 * @throws DIFFERENT, PARTIAL, CORRUPT, STATE
 */
export async function checkAgainstIndex(
  place: string,
  options: Values,
  report: Report,
  { source: opening, bytesPerSecond, signal }: CheckChoice,
): Promise<void> {
  const sampleCount = readCount("sample", options.sample, 1, maxSampleCount);
  if (options.seed !== undefined && sampleCount === undefined)
    throw new SyncError("USAGE", "--seed is for --sample");
  const sinceSec = options.since === undefined ? undefined : parseSince(options.since, Date.now());
  const index = openIndex(options.index!);
  const job = {
    tree: realPath(place),
    index: index.totals.sha256,
    sample: options.sample,
    seed: options.seed,
    since: options.since,
    part: options.part,
  };
  const keeper = new StateKeeper(options.state, job, options.seed);
  const { seed } = keeper;
  const differences = new DifferenceReport(report, keeper.counts);
  let failedEntries = 0;
  const compare = async (): Promise<CheckProgress> => {
    const source = await openSource(contentsOf(place), opening);
    return closingInTheEnd(
      async () =>
        checkIndex(source, index, {
          excluded: [options.index, options.state].flatMap(
            (path) => (path && findPlaceIn(place, path)) || [],
          ),
          sampleCount,
          seed,
          sinceSec,
          bytesPerSecond,
          range: await rangeOfPart(index, options.part, { ...(signal && { signal }) }),
          after: keeper.after,
          ...(signal && { signal }),
          onDifference: (difference) => differences.tell(difference),
          onTrouble: (error) => {
            failedEntries += 1;
            report.trouble(error);
          },
          onProgress: (progress) => {
            const { entries, readBytes, checkedFiles: files } = progress;
            report.progress({ entries, files, doneBytes: readBytes, newBytes: 0 });
            keeper.note(progress, differences.counts);
          },
        }),
      () => source.close(),
    );
  };
  try {
    const progress = keeper.whole(await compare());
    keeper.remove();
    const { entries, checkedFiles, damagedFiles, readBytes } = progress;
    const most = mostDifferentAfter(checkedFiles, damagedFiles);
    if (sampleCount !== undefined)
      report.notice(
        `${countOf(checkedFiles, "file")} drawn, ${damagedFiles} damaged: at most ${Number((100 * most).toPrecision(2))} % of all files with 95 % confidence (seed ${seed})`,
        { seed, checkedFiles, damagedFiles, mostDifferent: most },
      );
    const done = { entries, files: checkedFiles, doneBytes: readBytes, newBytes: 0, failedEntries };
    report.summary({ action: "checked", ...done, differences: differences.counts });
  } finally {
    keeper.save();
    index.close();
  }
  differences.throwIfAny();
  endOf(failedEntries);
}

/** Keeps in a file how far a check has come, where that is asked for. */
class StateKeeper {
  readonly #path: string | undefined;
  readonly #job: Readonly<Record<string, string | undefined>>;
  readonly #before: ReturnType<typeof readCheckState<DifferenceCounts>>;
  readonly #isDue = progressPace();
  #latest: { readonly progress: CheckProgress; readonly counts: DifferenceCounts } | undefined;

  /** By which files are drawn, the same ones in each run. */
  readonly seed: string;

  constructor(
    path: string | undefined,
    job: Readonly<Record<string, string | undefined>>,
    seed: string | undefined,
  ) {
    this.#path = path;
    this.#job = JSON.parse(JSON.stringify(job)) as typeof job;
    this.#before = path === undefined ? undefined : readCheckState(path, this.#job);
    this.seed = seed ?? this.#before?.seed ?? randomUUID();
  }

  get after(): string | undefined {
    return this.#before?.after;
  }

  get counts(): DifferenceCounts | undefined {
    return this.#before?.counts;
  }

  /** What this run and those before it have checked. */
  whole(progress: CheckProgress): CheckProgress {
    const { checkedFiles = 0, damagedFiles = 0 } = this.#before ?? {};
    return {
      ...progress,
      checkedFiles: progress.checkedFiles + checkedFiles,
      damagedFiles: progress.damagedFiles + damagedFiles,
    };
  }

  note(progress: CheckProgress, counts: DifferenceCounts): void {
    this.#latest = { progress, counts: { ...counts } };
    if (this.#isDue()) this.save();
  }

  save(): void {
    if (this.#path === undefined || this.#latest === undefined) return;
    const { counts, progress } = this.#latest;
    const { after, checkedFiles, damagedFiles } = this.whole(progress);
    if (after !== undefined)
      writeCheckState(this.#path, {
        job: this.#job,
        seed: this.seed,
        after,
        checkedFiles,
        damagedFiles,
        counts,
      });
  }

  /** All was checked. */
  remove(): void {
    this.#latest = undefined;
    if (this.#path !== undefined) fs.rmSync(pathOf(this.#path), { force: true });
  }
}

/** The paths of the part that is asked for. @throws USAGE */
async function rangeOfPart(
  index: TreeIndex,
  part: string | undefined,
  options: AbortOptions,
): Promise<PathRange | undefined> {
  if (part === undefined) return undefined;
  const { number, count } = parsePart(part);
  return rangeOf(await cutParts(index.entries(options), index.totals, count), number);
}

const unitSec: Readonly<Record<string, number>> = { h: 3600, d: 86_400, w: 604_800 };

/** A time, or how long ago: `2026-12-31T23:59`, `12h`, `7d`. @throws USAGE */
function parseSince(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  if (unit !== undefined) return Math.floor(nowMs / 1000) - Number(count) * unitSec[unit]!;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return Math.floor(ms / 1000);
  throw new SyncError("USAGE", `--since takes such as 2026-12-31, 12h or 7d, not "${text}"`);
}
