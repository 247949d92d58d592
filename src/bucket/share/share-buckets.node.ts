import { setMaxListeners } from "node:events";
import { ByteRoom } from "../../bytes/byte-room.ts";
import type { Register } from "../../coordinator/register.ts";
import { SharedWork } from "../../coordinator/shared-work.ts";
import { compareKeys } from "../key-order.ts";
import type { PlanRules } from "../sync/decide-pair.ts";
import { guardDeletions } from "../sync/delete-tasks.node.ts";
import { type Job, nameOf, type SyncSide } from "../sync/job.ts";
import { noCounts } from "../sync/records.ts";
import { Breaker, slotLimits, Slots } from "../sync/slots.ts";
import {
  guardsOf,
  isBackupOf,
  refuseOverlap,
  type SyncBucketsOptions,
  type SyncBucketsSummary,
} from "../sync/sync-buckets.node.ts";
import { copyRange, type RangeTools } from "./copy-range.node.ts";
import { deleteRange } from "./delete-range.node.ts";
import { openFreeState } from "./free-state.node.ts";
import { stepLimits } from "./settled-steps.ts";
import { splitKeys } from "../sync/split-keys.ts";

export interface ShareBucketsOptions extends Omit<SyncBucketsOptions, "isDry"> {
  /** Milliseconds after which the share of a silent host is taken over; half a minute. */
  readonly leaseMs?: number;
  /** Milliseconds between two looks at the record; a second. */
  readonly lookMs?: number;
}

/** The phases, as a record has them. */
const copying = 0;
const deleting = 1;

/**
 * Takes part in the synchronisation of two buckets with other processes, on any hosts, that were
 * given the same coordinator, pair and options; the first of them begins it. Each lists ranges of
 * keys and copies what is in them. Returns when all is done, with the counts of all of them.
 *
 * @param statePath of a state for what this process knows; one beside it when that is in use
 * @throws USAGE where it was begun with other options; what `syncBuckets` throws, and registers
 */
export async function shareBuckets(
  source: SyncSide,
  destination: SyncSide,
  statePath: string,
  register: Register,
  options: ShareBucketsOptions = {},
): Promise<SyncBucketsSummary> {
  const { compare = "checksum", deletes = false, filter = [], backupPrefix } = options;
  const { signal = new AbortController().signal, slots = new Slots() } = options;
  refuseOverlap(source, destination);
  const guards = guardsOf(options);
  const job: Job = {
    source: nameOf(source),
    destination: nameOf(destination),
    compare,
    deletes,
    filter,
    backupPrefix,
  };
  const description = JSON.stringify({ ...job, ...guards, insists: options.deletesAfterFailures === true });
  const rules: PlanRules = {
    compare,
    deletes,
    isLeftOut: options.isLeftOut ?? (() => false),
    isSpared: isBackupOf(destination, backupPrefix),
  };
  const state = openFreeState(statePath);
  try {
    state.begin(job, true);
    const shared = await SharedWork.join(register, description, {
      order: compareKeys,
      signal,
      restarts: options.restarts === true,
      ...(options.leaseMs !== undefined && { leaseMs: options.leaseMs }),
      ...(options.lookMs !== undefined && { lookMs: options.lookMs }),
    });
    const tools: RangeTools = {
      rules,
      slots,
      breaker: new Breaker(),
      events: options,
      onStep: (key) => tellProgress(shared, key),
      work: {
        source,
        destination,
        state,
        signal,
        room: new ByteRoom(slotLimits.memoryBytes),
        keepsMetadata: options.keepsMetadata ?? true,
        storageClass: options.storageClass,
        backupPrefix,
        isDry: false,
        isResumed: false,
        onNotice: options.onNotice ?? (() => {}),
      },
    };
    await run(shared, tools);
    state.finish();
    const counts = { ...noCounts, failed: 0, ...shared.counts };
    return { ...counts, isResumed: shared.isJoined };
  } finally {
    state.close();
    await register.close();
  }

  async function run(shared: SharedWork, tools: RangeTools): Promise<void> {
    const common = { leaseCount: stepLimits.sharedRangeCount };
    const counted = (name: string): number => shared.counts[name] ?? 0;
    if (shared.phase === copying)
      await shared.share(copying, {
        ...common,
        split: async (rest, signal) => splitKeys(source, rest, signal),
        async act(lease) {
          setMaxListeners(0, lease.signal);
          await copyRange(lease, tools);
        },
      });
    if (deletes && (counted("failed") === 0 || options.deletesAfterFailures === true)) {
      await guarded(shared, counted);
      let ownCount = 0;
      const mayDelete = (count: number): boolean => {
        // What others have deleted since is known a moment later.
        if (Math.max(counted("deleted"), ownCount) + count > counted("extra")) return false;
        ownCount += count;
        return true;
      };
      await shared.share(deleting, {
        ...common,
        split: async (rest, signal) => splitKeys(destination, rest, signal),
        act: async (lease) => deleteRange(lease, tools, mayDelete),
      });
    }
    await shared.finish();
  }

  /** A refusal ends the run for all: each finds the same counts. */
  async function guarded(shared: SharedWork, counted: (name: string) => number): Promise<void> {
    try {
      guardDeletions(counted("extra") - counted("deleted"), counted("sourceObjects"), guards);
    } catch (thrown) {
      await shared.finish();
      throw thrown;
    }
  }

  /** Tells how far all of them are together, as far as it is known here. */
  function tellProgress({ counts }: SharedWork, key: string): void {
    const { sourceObjects = 0, sourceBytes = 0, copiedBytes = 0 } = counts;
    options.onProgress?.({
      phase: "copying",
      doneObjects: sourceObjects,
      doneBytes: sourceBytes,
      copiedBytes,
      key,
    });
  }
}
