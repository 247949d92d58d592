import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { bucketFetch, usualAttemptCount } from "./bucket-fetch.ts";
import type { RequestOptions } from "../../bucket/requests.ts";
import { nameOf, type SyncSide } from "../../bucket/sync/job.ts";
import { slotLimits, Slots } from "../../bucket/sync/slots.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { AbortOptions } from "../../types.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import type { Report } from "../report/report.ts";
import { openPlace, type PlaceSettings } from "./bucket-place.ts";

const forSides = "; given twice, of SRC and of DST";
const maxJobCount = 1024;

/** Options of the commands for buckets. */
export const bucketOptions = {
  endpoint: {
    type: "string",
    value: "URL",
    multiple: true,
    about: `the server of s3:// and gs://${forSides}`,
  },
  region: { type: "string", value: "NAME", multiple: true, about: `the region of s3://${forSides}` },
  profile: {
    type: "string",
    value: "NAME",
    multiple: true,
    about: `whose credentials of the files to use${forSides}`,
  },
  state: {
    type: "string",
    value: "FILE",
    about: "where to record the work; by the pair, in ~/.local/state, unless given",
  },
  jobs: {
    type: "string",
    short: "j",
    value: "N",
    about: "objects under way at a time, at most; 32 unless given",
  },
  retries: { type: "string", value: "N", about: "tries in all of a request that fails; 8 unless given" },
} as const satisfies OptionSpecs;

type Given = OptionValues<typeof bucketOptions>;

/** Both sides as the command line has them, and what holds them back when servers ask for it. */
export interface OpenedPair extends AsyncDisposable {
  readonly source: SyncSide;
  readonly destination: SyncSide;
  readonly slots: Slots;
  readonly statePath: string;
}

/** Who hears of requests. */
type RequestWatch = Pick<RequestOptions, "onRequest" | "onRetry" | "onPushback">;

/** Opens both sides. @throws USAGE */
export function openPair(
  places: readonly [string, string],
  options: Given,
  report: Report,
  watch: RequestWatch = {},
): OpenedPair {
  const attemptCount = readCount("retries", options.retries, 1, 1000) ?? usualAttemptCount;
  const slots = new Slots(readCount("jobs", options.jobs, 1, maxJobCount) ?? slotLimits.slotCount);
  const common = {
    attemptCount,
    fetch: bucketFetch(),
    ...watch,
    onPushback: () => {
      slots.pushBack();
      watch.onPushback?.();
    },
    onSkipped: (error: SyncError) => report.trouble(error),
  };
  const [source, destination] = places.map((place, at) =>
    openPlace(place, settingsOfSide(options, at), common),
  ) as [SyncSide, SyncSide];
  return {
    source,
    destination,
    slots,
    statePath: options.state ?? usualState(source, destination),
    async [Symbol.asyncDispose]() {
      for (const { bucket } of [source, destination]) await bucket.close?.();
    },
  };
}

/** @throws NOT_FOUND for a side that is not there, and what its server answers */
export async function demandThere(side: SyncSide, options: AbortOptions): Promise<void> {
  if (!(await isThere(side, options))) throw new SyncError("NOT_FOUND", `${side.bucket.url} is not there`);
}

/**
 * True for a bucket that is there, or that may be: whoever may not ask for one as a whole may still
 * ask for objects in it. @throws what its server answers
 */
export async function isThere({ bucket }: SyncSide, options: AbortOptions): Promise<boolean> {
  return bucket.exists(options).catch((thrown: unknown) => {
    if (!isSyncError(thrown, "UNAUTHORIZED")) throw thrown;
    return true;
  });
}

/** What is said of the server of SRC, which is side 0, or of DST. @throws USAGE */
export function settingsOfSide(options: Given, at: number): PlaceSettings {
  return {
    endpoint: ofSide(options.endpoint, at),
    region: ofSide(options.region, at),
    profile: ofSide(options.profile, at),
  };
}

/** What is given once is for both sides. @throws USAGE for more than two */
function ofSide(given: readonly string[] | undefined, at: number): string | undefined {
  if (given && given.length > 2) throw new SyncError("USAGE", "there are two sides");
  return given?.[at] ?? given?.[0];
}

/** A file for each pair. */
function usualState(source: SyncSide, destination: SyncSide): string {
  return join(stateFolder(), `${nameOfPair(source, destination)}.db`);
}

/** Names the work on a pair. */
export function nameOfPair(source: SyncSide, destination: SyncSide): string {
  const text = `${nameOf(source)}\n${nameOf(destination)}`;
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function stateFolder(): string {
  const home = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  return join(home, "rsync-stream", "buckets");
}
