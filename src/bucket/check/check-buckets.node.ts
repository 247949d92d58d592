import { setMaxListeners } from "node:events";
import { randomBytes } from "node:crypto";
import { SyncError, toSyncError, withPath } from "../../errors.ts";
import { Draw, mostDifferentAfter } from "../draw.ts";
import { seededRandom, type Random } from "../random.ts";
import { type Job, nameOf, type SyncSide } from "../sync/job.ts";
import { Slots } from "../sync/slots.ts";
import { SyncState } from "../sync/state.node.ts";
import { checkObject } from "./check-object.node.ts";

/** What is checked, and how much. */
export interface CheckBucketsOptions {
  readonly signal?: AbortSignal;
  /** Objects that are checked; 100 unless given. */
  readonly sampleCount?: number;
  /** True to draw an object the likelier the longer it is. */
  readonly byBytes?: boolean;
  /** The same seed draws the same of the same listing; at random unless given. */
  readonly seed?: string;
  /** The state of a synchronisation, whose draw is checked without a listing. */
  readonly statePath?: string;
  /** True for keys that are not checked. */
  readonly isLeftOut?: (key: string) => boolean;
  readonly slots?: Slots;
  readonly onProgress?: (progress: {
    readonly listed: number;
    readonly checked: number;
    readonly readBytes: number;
  }) => void;
  /** An object that differs (DIFFERENT), or that could not be checked. */
  readonly onTrouble?: (error: SyncError) => void;
}

/** What a check found. */
export interface CheckBucketsSummary {
  readonly seed: string;
  /** Objects of the source, when it was listed. */
  readonly listed: number;
  readonly checked: number;
  readonly different: number;
  /** Objects that could not be checked. */
  readonly failed: number;
  /** Objects that the source does not have any more. */
  readonly vanished: number;
  readonly readBytes: number;
  /** The part of all objects, or of all bytes, that differs at most, with 95 % confidence. */
  readonly mostDifferent: number;
}

const usualSampleCount = 100;

/**
 * Checks objects that are drawn at random, each likewise, in one pass over the source's listing.
 * Memory grows with the number drawn only.
 *
 * @throws what a listing throws; USAGE for a state of another pair
 */
export async function checkBuckets(
  source: SyncSide,
  destination: SyncSide,
  options: CheckBucketsOptions = {},
): Promise<CheckBucketsSummary> {
  const { seed = randomBytes(8).toString("hex"), slots = new Slots(), onProgress, onTrouble } = options;
  const signal = options.signal ?? new AbortController().signal;
  const random = seededRandom(seed);
  // Each object under way listens to it.
  setMaxListeners(0, signal);
  const { keys, listed } =
    options.statePath === undefined
      ? await drawFromListing(source, random, options)
      : drawFromState(options.statePath, source, destination, options);
  let [checked, different, failed, vanished, readBytes] = [0, 0, 0, 0, 0];

  async function check(key: string): Promise<void> {
    await slots.take();
    try {
      signal.throwIfAborted();
      const found = await checkObject(source, destination, key, seededRandom(`${seed} ${key}`), signal);
      if (found.type === "vanished") return void vanished++;
      checked++;
      if (found.type === "equal") readBytes += found.readBytes;
      else {
        different++;
        onTrouble?.(new SyncError("DIFFERENT", found.reason, { detail: { path: key } }));
      }
      onProgress?.({ listed, checked, readBytes });
    } catch (thrown) {
      signal.throwIfAborted();
      failed++;
      onTrouble?.(withPath(toSyncError(thrown), key));
    } finally {
      slots.give(true);
    }
  }

  await Promise.all(keys.map(check));
  return {
    seed,
    listed,
    checked,
    different,
    failed,
    vanished,
    readBytes,
    mostDifferent: mostDifferentAfter(checked, different),
  };
}

interface DrawnKeys {
  readonly keys: readonly string[];
  readonly listed: number;
}

async function drawFromListing(
  { bucket, prefix }: SyncSide,
  random: Random,
  { sampleCount = usualSampleCount, byBytes = false, isLeftOut, onProgress, signal }: CheckBucketsOptions,
): Promise<DrawnKeys> {
  const draw = new Draw<string>(sampleCount, random);
  let listed = 0;
  for await (const page of bucket.pages({ prefix }, signal && { signal })) {
    for (const { key: whole, sizeBytes } of page) {
      const key = whole.slice(prefix.length);
      if (key === "" || key.endsWith("/") || isLeftOut?.(key) === true) continue;
      listed++;
      // A part of a text would keep all of its page in memory.
      draw.offer(() => Buffer.from(key).toString(), byBytes ? sizeBytes : 1);
    }
    onProgress?.({ listed, checked: 0, readBytes: 0 });
  }
  return { keys: draw.drawn.map(({ item }) => item), listed };
}

/** What was drawn while the source was listed for a synchronisation. */
function drawFromState(
  path: string,
  source: SyncSide,
  destination: SyncSide,
  { sampleCount = usualSampleCount, isLeftOut }: CheckBucketsOptions,
): DrawnKeys {
  const state = new SyncState(path);
  try {
    const { job } = state;
    checkPair(job, source, destination);
    const keys = state
      .drawn()
      .map(({ key }) => key)
      .filter((key) => isLeftOut?.(key) !== true);
    return { keys: keys.slice(0, sampleCount), listed: state.counts.sourceObjects };
  } finally {
    state.close();
  }
}

function checkPair(job: Job | undefined, source: SyncSide, destination: SyncSide): void {
  const pair = `${nameOf(source)} to ${nameOf(destination)}`;
  if (!job) throw new SyncError("USAGE", `no synchronisation of ${pair} is recorded there`);
  if (job.source !== nameOf(source) || job.destination !== nameOf(destination))
    throw new SyncError("USAGE", `this state is of ${job.source} to ${job.destination}, not of ${pair}`);
}
