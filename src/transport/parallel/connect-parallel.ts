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

/** After so many attempts in a row that failed no more connections are made. */
const maxFailureCount = 5;
const tickMs = 1000;

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
    const channel = new ParallelChannel({
      ...(options.onLost && { onLost: options.onLost }),
      onHeard: () => void keepUp(channel, join, options, life.signal),
      onOver: () => life.abort(),
    });
    const join = () => connect({ group, opens: false }, { signal: life.signal });
    channel.add(channelOf(first));
    return duplexOf(channel);
  };
}

/** Makes connections as long as there should be more. */
async function keepUp(
  channel: ParallelChannel,
  join: () => Promise<Duplex>,
  { connectionCount, onLost }: ParallelConnectOptions,
  over: AbortSignal,
): Promise<void> {
  const growth = new Growth(parallelLimits.adaptiveConnectionCount);
  let wantedCount = connectionCount ?? 1;
  let failureCount = 0;
  while (!over.aborted && failureCount < maxFailureCount) {
    const missing = Math.max(0, wantedCount - channel.connectionCount);
    const attempts = Array.from({ length: missing }, async () => channel.add(channelOf(await join())));
    for (const attempt of await Promise.allSettled(attempts)) {
      failureCount = attempt.status === "rejected" ? failureCount + 1 : 0;
      if (attempt.status === "rejected" && !over.aborted) onLost?.(toSyncError(attempt.reason));
    }
    const movedBefore = channel.movedBytes;
    const began = performance.now();
    await wait(tickMs, over).catch(() => {}); // the loop ends with `over`
    const rate = ((channel.movedBytes - movedBefore) * 1000) / (performance.now() - began);
    if (connectionCount === undefined) wantedCount = growth.observe(rate, channel.connectionCount);
  }
}

function makeGroup(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}
