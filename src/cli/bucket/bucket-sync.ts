import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import type { Comparison, SyncSide } from "../../bucket/sync/job.ts";
import { purgeVersions } from "../../bucket/sync/purge-versions.ts";
import { shareBuckets, type ShareBucketsOptions } from "../../bucket/share/share-buckets.node.ts";
import {
  syncBuckets,
  type SyncBucketsOptions,
  type SyncBucketsSummary,
} from "../../bucket/sync/sync-buckets.node.ts";
import { temporaryFile } from "../../bucket/temporary-file.node.ts";
import { SyncError } from "../../errors.ts";
import type { TreeChange } from "../../tree/entry/entry.ts";
import { type Call, defineCommand, type OptionSpecs, type OptionValues } from "../command.ts";
import { prepareForCopies, prepareForListings } from "../engine.ts";
import { readCount } from "../options/arguments.ts";
import { reportOptions } from "../options/report-options.ts";
import { untilUnlocked } from "../options/until-unlocked.ts";
import { ChangeTally } from "../report/change-report.ts";
import { progressPace, type Report } from "../report/report.ts";
import {
  bucketOptions,
  isThere,
  nameOfPair,
  openPair,
  type OpenedPair,
  settingsOfSide,
} from "./bucket-options.ts";
import type { PlaceSettings } from "./bucket-place.ts";
import { coordinatorOptions, readLease } from "../options/coordinator-options.ts";
import { openCoordinator } from "./coordinator.ts";
import { keyFilterOptions, readKeyFilter } from "./key-filter.ts";
import { figuresOptions, type RunFigures, withFigures } from "./run-figures.ts";
import { countOf } from "../report/count-of.ts";

const comparisons: readonly Comparison[] = ["checksum", "time", "size"];
const msPerDay = 86_400_000;
const maxDays = 100_000;

const syncOptions = {
  "dry-run": { type: "boolean", short: "n", about: "change nothing, tell what would become of objects" },
  compare: {
    type: "string",
    value: "HOW",
    choices: comparisons,
    about: "checksum (default), time or size: what is equal is not copied",
  },
  delete: { type: "boolean", about: "delete what DST has and SRC has not, once all is copied" },
  "max-delete": {
    type: "string",
    value: "N",
    about: "delete nothing when it would be more than N; 1000 unless given",
  },
  "allow-empty-source": { type: "boolean", about: "delete everything when nothing is in SRC" },
  "ignore-errors": { type: "boolean", about: "delete even when objects could not be copied" },
  "backup-prefix": {
    type: "string",
    value: "PREFIX",
    about: "keep what is replaced or deleted under such keys of DST",
  },
  "purge-older-than": {
    type: "string",
    value: "DAYS",
    about: "delete versions for good that were replaced or deleted before",
  },
  "max-purge": { type: "string", value: "N", about: "purge N versions at most, the others next time" },
  metadata: { type: "string", value: "HOW", choices: ["keep", "none"], about: "keep (default) or none" },
  "storage-class": {
    type: "string",
    value: "CLASS",
    about: "of what is written, and of a bucket that is created",
  },
  create: { type: "boolean", about: "create the bucket DST when it is not there and SRC is" },
  location: { type: "string", value: "NAME", about: "where to create it" },
  versioning: { type: "boolean", about: "switch on that DST keeps old versions" },
  ...coordinatorOptions,
  ...figuresOptions,
  wait: { type: "boolean", about: "wait while another process works with the state, in place of failing" },
  restart: { type: "boolean", about: "begin anew where an unfinished run is recorded" },
  ...bucketOptions,
  ...keyFilterOptions,
  ...reportOptions,
} as const satisfies OptionSpecs;

type Given = OptionValues<typeof syncOptions>;

/** Old versions to delete for good: those that were replaced or deleted so many days ago. */
interface Purging {
  readonly days: number;
  readonly maxCount?: number;
}

/** `bucket sync SRC DST`: brings the objects of one bucket up to date with those of another. */
export const bucketSync = defineCommand({
  operands: ["SRC", "DST"],
  options: syncOptions,
  writesOutput: () => false,
  async run(call) {
    if (call.options.metrics !== undefined && call.options["dry-run"] === true)
      throw new SyncError("USAGE", "--metrics is of what a run has done; leave out --dry-run");
    await withFigures(call.options.metrics, async (figures) => sync(call, figures));
  },
});

type SyncCall = Call<typeof syncOptions, readonly ["SRC", "DST"]>;

async function sync({ operands, options, report, signal }: SyncCall, figures: RunFigures): Promise<void> {
  prepareForListings();
  await using pair = openPair(operands, options, report, figures.counting);
  const asked = { ...(await readSyncOptions(options)), ...readLease(options) };
  const purging = readPurging(options);
  await prepareBuckets(pair, options, report, signal);
  const isDry = options["dry-run"] === true;
  const tally = isDry ? new ChangeTally() : undefined;
  const told = { ...asked, ...eventsTo(report, tally), signal, slots: pair.slots };
  const summary =
    options.coordinator === undefined
      ? await inState(pair.statePath, isDry, async (statePath) =>
          whenFree(options, report, signal, async () =>
            syncBuckets(pair.source, pair.destination, statePath, { ...told, isDry }),
          ),
        )
      : await share(pair, { ...settingsOfSide(options, 1), coordinator: options.coordinator }, isDry, told);
  figures.note(summary);
  if (summary.isResumed) report.notice("went on with what an earlier run had left, or others had begun");
  if (summary.vanished > 0)
    report.notice(`${countOf(summary.vanished, "object")} vanished before being copied`, {
      vanished: summary.vanished,
    });
  if (purging) await purge(pair.destination, purging, isDry, report, signal);
  report.summary({
    action: isDry ? "compared" : "copied",
    entries: summary.sourceObjects,
    doneBytes: summary.sourceBytes,
    newBytes: summary.copiedBytes,
    ...(tally ? tally.summary : options.delete === true && { deletedEntries: summary.deleted }),
    failedEntries: summary.failed,
  });
  if (summary.failed > 0)
    throw new SyncError("PARTIAL", `all is done but for ${countOf(summary.failed, "object")}`);
}

/** Does something with a state, once no other process does, where that is to be waited for. */
async function whenFree<Result>(
  { wait }: Given,
  report: Report,
  signal: AbortSignal,
  act: () => Promise<Result>,
): Promise<Result> {
  if (wait !== true) return act();
  return untilUnlocked(act, { onLocked: ({ message }) => report.notice(`waiting: ${message}`), signal });
}

/** Takes part in what other processes do, too. @throws USAGE */
async function share(
  { source, destination, statePath }: OpenedPair,
  { coordinator, ...settings }: PlaceSettings & { readonly coordinator: string },
  isDry: boolean,
  options: ShareBucketsOptions,
): Promise<SyncBucketsSummary> {
  if (isDry) throw new SyncError("USAGE", "--dry-run goes without --coordinator");
  const name = `bucket-sync-${nameOfPair(source, destination)}`;
  const register = await openCoordinator(coordinator, name, {
    ...settings,
    ...(options.signal && { signal: options.signal }),
  });
  return shareBuckets(source, destination, `${statePath}.shared`, register, options);
}

/** @throws USAGE */
async function readSyncOptions(options: Given): Promise<SyncBucketsOptions> {
  const { compare = "checksum", metadata = "keep" } = options;
  const maxDeletedCount = readCount("max-delete", options["max-delete"], 0, Number.MAX_SAFE_INTEGER);
  const storageClass = options["storage-class"];
  const backupPrefix = options["backup-prefix"];
  return {
    compare,
    ...(await readKeyFilter(options)),
    deletes: options.delete === true,
    deletesAfterFailures: options["ignore-errors"] === true,
    allowsEmptySource: options["allow-empty-source"] === true,
    keepsMetadata: metadata === "keep",
    restarts: options.restart === true || options["dry-run"] === true,
    ...(maxDeletedCount !== undefined && { maxDeletedCount }),
    ...(storageClass !== undefined && { storageClass }),
    ...(backupPrefix !== undefined && { backupPrefix: backupPrefix.replace(/\/*$/, "/") }),
  };
}

/** What is purged, if anything is. @throws USAGE */
function readPurging(options: Given): Purging | undefined {
  const days = readCount("purge-older-than", options["purge-older-than"], 0, maxDays);
  const maxCount = readCount("max-purge", options["max-purge"], 0, Number.MAX_SAFE_INTEGER);
  if (days !== undefined) return { days, ...(maxCount !== undefined && { maxCount }) };
  if (maxCount !== undefined) throw new SyncError("USAGE", "--max-purge goes with --purge-older-than");
  return undefined;
}

/** Looks for both before anything: what is mistyped of the source must change nothing. */
async function prepareBuckets(
  { source, destination }: OpenedPair,
  options: Given,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const [hasSource, hasDestination] = await Promise.all(
    [source, destination].map(async (side) => isThere(side, { signal })),
  );
  if (hasSource !== true) throw noBucket(source, "");
  const isDry = options["dry-run"] === true;
  if (hasDestination !== true) {
    if (options.create !== true || isDry)
      throw noBucket(
        destination,
        options.create === true ? "; a dry run creates nothing" : "; --create makes it",
      );
    await lookInto(source, signal);
    const { location, "storage-class": storageClass } = options;
    await destination.bucket.create({
      signal,
      ...(location && { location }),
      ...(storageClass && { storageClass }),
    });
    report.notice(`created ${destination.bucket.url}`);
  }
  if (options.versioning !== true || isDry) return;
  const { versions } = destination.bucket;
  if (!versions) throw new SyncError("UNSUPPORTED", "versions cannot be switched on there");
  if (await versions.isOn({ signal })) return;
  await versions.switchOn({ signal });
  report.notice(`${destination.bucket.url} keeps old versions from now on`);
}

/** Lists a page of a bucket, for one that may not be asked for as a whole passes as there. */
async function lookInto({ bucket, prefix }: SyncSide, signal: AbortSignal): Promise<void> {
  for await (const _ of bucket.pages({ prefix }, { signal })) return;
}

function noBucket({ bucket: { url } }: SyncSide, advice: string): SyncError {
  return new SyncError("NOT_FOUND", `${url} is not there${advice}`);
}

async function purge(
  destination: SyncSide,
  { days, ...limits }: Purging,
  isDry: boolean,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const count = await purgeVersions(destination, Date.now() - days * msPerDay, {
    signal,
    isDry,
    ...limits,
    onTrouble: (error) => report.trouble(error),
  });
  report.notice(
    `${countOf(count, "old version")} ${isDry ? "would be" : count === 1 ? "was" : "were"} purged`,
    { purged: count },
  );
}

/** What is told while it goes on. */
function eventsTo(report: Report, tally: ChangeTally | undefined): SyncBucketsOptions {
  const isDue = progressPace();
  let isPrepared = false;
  const tell = (change: TreeChange): void => {
    if (tally) {
      tally.count(change);
      report.change(change);
    } else if (change.change === "deleted") report.deleted?.(change);
    else report.received?.(change);
  };
  return {
    onProgress({ phase, doneBytes, copiedBytes, doneObjects, totalObjects, totalBytes, key }) {
      if (phase === "copying" && !isPrepared) prepareForCopies();
      isPrepared ||= phase === "copying";
      if (!isDue()) return;
      report.progress({
        doneBytes,
        newBytes: copiedBytes,
        files: doneObjects,
        ...(totalObjects !== undefined && { totalFiles: totalObjects }),
        ...(totalBytes !== undefined && { totalBytes }),
        ...(key !== undefined && { name: key.slice(key.lastIndexOf("/") + 1) }),
      });
    },
    onChange: ({ change, key, sizeBytes }) =>
      tell({ change, path: key, kind: "file", size: sizeBytes, differs: [] }),
    onTrouble: (error) => report.trouble(error),
    onNotice: (text) => report.notice(text),
  };
}

/** A dry run works with a copy of the state, which is gone afterwards. */
async function inState<Result>(
  path: string,
  isDry: boolean,
  act: (path: string) => Promise<Result>,
): Promise<Result> {
  if (!isDry) return act(path);
  using copy = temporaryFile();
  if (existsSync(path)) await copyFile(path, copy.path);
  return await act(copy.path);
}
