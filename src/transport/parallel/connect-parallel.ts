import { toHex } from "../../bytes/hex.ts";
import { wait } from "../../bytes/retry.ts";
import { type SyncError, toSyncError } from "../../errors.ts";
import type { AbortOptions, Duplex } from "../../types.ts";
import { channelOf, duplexOf } from "../channel.ts";
import type { GroupPart } from "../session-request.ts";
import { Growth } from "./growth.ts";
import { ParallelChannel } from "./parallel-channel.ts";
import { parallelLimits } from "./parallel-limits.ts";

/** Connects as one part of a group. */
type ConnectPart = (part: GroupPart, options: AbortOptions) => Promise<Duplex>;

/** How many connections a group has. */
export interface ParallelConnectOptions {
  /** Connections; as many as make it faster, 8 at most, unless given. */
  readonly connectionCount?: number | undefined;
  /** Called when a connection breaks or cannot be made, and others go on. */
  readonly onLost?: ((error: SyncError) => void) | undefined;
}

/** After so many moments in a row in which none came about, no more connections are made. */
const maxFailureCount = 5;
const tickMs = 1000;

/** What has become of new connections since that was last looked at. */
interface Attempts {
  heardCount: number;
  readonly failures: SyncError[];
}

/**
 * Connects by a group of connections. One that breaks is replaced. The first one has to come about;
 * the others are made once the other end was heard over it, which knows the group then.
 */
export function connectParallel(
  connect: ConnectPart,
  options: ParallelConnectOptions = {},
): (given: AbortOptions) => Promise<Duplex> {
  return async (given) => {
    const group = makeGroup();
    const first = await connect({ group, opens: true }, given);
    const life = new AbortController();
    const tried: Attempts = { heardCount: 0, failures: [] };
    let isKept = false;
    const channel = new ParallelChannel({
      onLost: (error, wasHeard) => (wasHeard ? options.onLost?.(error) : void tried.failures.push(error)),
      onHeard: () => {
        tried.heardCount++;
        if (!isKept) void keepUp(channel, join, tried, options, life.signal);
        isKept = true;
      },
      onOver: () => life.abort(),
    });
    const join = () => connect({ group, opens: false }, { signal: life.signal });
    channel.add(channelOf(first));
    return duplexOf(channel);
  };
}

/**
 * Makes connections as long as there should be more. Those that did not come about are told a
 * moment later, unless the session is over by then: so nobody hears of one that came too late.
 */
async function keepUp(
  channel: ParallelChannel,
  join: () => Promise<Duplex>,
  tried: Attempts,
  { connectionCount, onLost }: ParallelConnectOptions,
  over: AbortSignal,
): Promise<void> {
  const growth = new Growth(parallelLimits.adaptiveConnectionCount);
  let wantedCount = connectionCount ?? 1;
  let failureCount = 0;
  while (!over.aborted) {
    tried.heardCount = 0;
    const missing = Math.min(wantedCount - channel.connectionCount, attemptsAfter(failureCount));
    await addAll(channel, join, missing, tried);
    const movedBefore = channel.movedBytes;
    const began = performance.now();
    await wait(tickMs, over).catch(() => {}); // the loop ends with `over`
    if (over.aborted) return;
    const failures = tried.failures.splice(0);
    for (const error of failures) onLost?.(error);
    if (tried.heardCount > 0) failureCount = 0;
    else if (failures.length > 0) failureCount++;
    const rate = ((channel.movedBytes - movedBefore) * 1000) / (performance.now() - began);
    if (connectionCount === undefined) wantedCount = growth.observe(rate, channel.connectionCount);
  }
}

/** How many connections are tried at once: one alone where others have failed. */
function attemptsAfter(failureCount: number): number {
  if (failureCount === 0) return Infinity;
  return failureCount < maxFailureCount ? 1 : 0;
}

async function addAll(
  channel: ParallelChannel,
  join: () => Promise<Duplex>,
  count: number,
  tried: Attempts,
): Promise<void> {
  const attempts = Array.from({ length: Math.max(0, count) }, async () =>
    channel.add(channelOf(await join())),
  );
  for (const attempt of await Promise.allSettled(attempts))
    if (attempt.status === "rejected") tried.failures.push(toSyncError(attempt.reason));
}

function makeGroup(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}
