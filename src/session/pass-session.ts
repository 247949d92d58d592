import { StallWatch } from "../bytes/stall-watch.ts";
import { toSyncError } from "../errors.ts";
import { type ByteChannel, channelOf } from "../transport/channel.ts";
import type { AbortOptions, Bytes, Duplex } from "../types.ts";
import { sessionTimes } from "./limits.ts";
import type { ReceiveProgress, ReceiveSummary } from "./receive.ts";
import { type ObserverOptions, SessionObserver } from "./session-observer.ts";

export interface PassOptions extends AbortOptions, ObserverOptions {
  /** Milliseconds without a word of an end that has spoken; 0 for ever. */
  readonly stallMs?: number;
  /** Called after each block. */
  readonly onProgress?: (progress: ReceiveProgress) => void;
}

/** When one direction has failed, the other one has so long to tell why. Milliseconds. */
const farewellMs = 2000;

/**
 * Passes a session on between a sender and a receiver that cannot reach each other, and resolves
 * when both have left. Nothing is kept of what passes but the block at hand.
 *
 * @throws what an end gave up for (`remote`), PEER_GONE, STALLED, what is wrong with a frame, the
 *   signal's reason
 */
export async function passSession(
  sender: Duplex,
  receiver: Duplex,
  options: PassOptions = {},
): Promise<ReceiveSummary> {
  const { signal, onProgress } = options;
  const observer = new SessionObserver(options);
  const ends = [channelOf(sender), channelOf(receiver)] as const;
  const abort = (reason: unknown): void => ends.forEach((end) => end.abort(reason));
  const stop = (): void => abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const give = (thrown: unknown): void => void (timer ??= setTimeout(() => abort(thrown), farewellMs));
  const pass = async (from: ByteChannel, to: ByteChannel, hear: (block: Bytes) => void): Promise<void> => {
    const watch = new StallWatch(options.stallMs ?? sessionTimes.stallMs, abort, 0);
    const take = (block: Bytes): void => {
      hear(block);
      onProgress?.(observer.progress());
    };
    await passOn(from, to, watch, take)
      .catch((thrown: unknown) => {
        give(thrown);
        throw thrown;
      })
      .finally(() => watch.close());
  };
  try {
    if (signal?.aborted === true) stop();
    signal?.throwIfAborted();
    const directions = await Promise.allSettled([
      pass(ends[0], ends[1], (block) => observer.hearSender(block)),
      pass(ends[1], ends[0], (block) => observer.hearReceiver(block)),
    ]);
    const failure = directions.find((one) => one.status === "rejected");
    signal?.throwIfAborted();
    if (failure && !observer.isDone) throw observer.error ?? toSyncError(failure.reason, "PEER_GONE");
    return observer.summary();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Passes one direction on to its end; the first block of it is waited for without a limit. */
async function passOn(
  from: ByteChannel,
  to: ByteChannel,
  watch: StallWatch,
  hear: (block: Bytes) => void,
): Promise<void> {
  const blocks = from.read()[Symbol.asyncIterator]();
  for (let next = await blocks.next(); next.done !== true; next = await watch.wait(blocks.next())) {
    hear(next.value);
    await to.write(next.value);
  }
  await to.end();
}
