import { setMaxListeners } from "node:events";
import { createHash, randomBytes } from "node:crypto";
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
  /** Checks all objects of one share, of so many into which they are divided by their keys. */
  readonly share?: Share;
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

/** One share of all objects: over as many runs each object has its turn. */
export interface Share {
  readonly count: number;
  /** From 0 on. */
  readonly turn: number;
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
  let [listed, checked, different, failed, vanished, readBytes] = [0, 0, 0, 0, 0, 0];
  const onListed = (count: number): void => {
    listed = count;
    onProgress?.({ listed, checked, readBytes });
  };

  async function check(key: string): Promise<void> {
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
      if (signal.aborted) return;
      failed++;
      onTrouble?.(withPath(toSyncError(thrown), key));
    } finally {
      slots.give(true);
    }
  }

  const keys =
    options.statePath === undefined
      ? keysFromListing(source, random, { ...options, onListed })
      : keysFromState(options.statePath, source, destination, { ...options, onListed });
  const running = new Set<Promise<void>>();
  try {
    for await (const key of keys) {
      await slots.take();
      const one = check(key).finally(() => running.delete(one));
      running.add(one);
    }
  } finally {
    await Promise.all(running);
  }
  signal.throwIfAborted();
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

/** How keys are chosen, and who hears how many there are. */
interface Choice extends CheckBucketsOptions {
  readonly onListed: (count: number) => void;
}

async function* keysFromListing(
  { bucket, prefix }: SyncSide,
  random: Random,
  options: Choice,
): AsyncGenerator<string> {
  const { sampleCount = usualSampleCount, byBytes = false, isLeftOut, share, onListed, signal } = options;
  const draw = new Draw<string>(sampleCount, random);
  let listed = 0;
  for await (const page of bucket.pages({ prefix }, signal && { signal })) {
    for (const { key: whole, sizeBytes } of page) {
      const key = whole.slice(prefix.length);
      if (key === "" || key.endsWith("/") || isLeftOut?.(key) === true) continue;
      listed++;
      // A part of a text would keep all of its page in memory.
      if (!share) draw.offer(() => Buffer.from(key).toString(), byBytes ? sizeBytes : 1);
      else if (turnOf(key, share.count) === share.turn) yield key;
    }
    onListed(listed);
  }
  for (const { item } of draw.drawn) yield item;
}

/** The share that a key is in, as good as at random. */
function turnOf(key: string, count: number): number {
  return createHash("sha256").update(key).digest().readUInt32BE() % count;
}

/** What was drawn while the source was listed for a synchronisation. */
function keysFromState(
  path: string,
  source: SyncSide,
  destination: SyncSide,
  { sampleCount = usualSampleCount, isLeftOut, onListed }: Choice,
): readonly string[] {
  const state = new SyncState(path);
  try {
    const { job } = state;
    checkPair(job, source, destination);
    onListed(state.counts.sourceObjects);
    const keys = state.drawn().map(({ key }) => key);
    return keys.filter((key) => isLeftOut?.(key) !== true).slice(0, sampleCount);
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
