import type { Readable, Writable } from "node:stream";

/** What a long line is like, each way. */
export interface LineOptions {
  /** Milliseconds from one end to the other. */
  readonly oneWayMs: number;
  /** Bytes a second that go through; as many as come unless given. */
  readonly bytesPerSecond?: number;
  /** Bytes on the way, at which the near end is held back; 64 MiB unless given. */
  readonly boundBytes?: number;
  /** When it is free again, of a line that several connections share; its own unless given. */
  readonly shared?: { freeMs: number };
}

/** What has gone into a line so far. */
export interface LineCount {
  bytes: number;
}

/** What has gone into several lines. */
export function sumOf(counts: readonly LineCount[]): number {
  return counts.reduce((all, { bytes }) => all + bytes, 0);
}

interface Block {
  /** Undefined: the near end has ended. */
  readonly bytes: Buffer | undefined;
  readonly dueMs: number;
}

const defaultBoundBytes = 64 << 20;

/**
 * One direction of a long line: what comes out of `source` goes into `sink` a while later, in
 * order, and late by 1 ms or two. A source that breaks off breaks the sink; a sink that is gone
 * leaves its source be.
 *
 * @param openMs nothing is taken to have been said before, on the clock of `performance.now`
 * @returns counts what was taken from the source
 */
export function delay(source: Readable, sink: Writable, options: LineOptions, openMs = 0): LineCount {
  const { oneWayMs, bytesPerSecond = Number.POSITIVE_INFINITY, boundBytes = defaultBoundBytes } = options;
  const count: LineCount = { bytes: 0 };
  const queue: Block[] = [];
  let queuedBytes = 0;
  const line = options.shared ?? { freeMs: 0 };
  let waiting = false;

  function enter(bytes: Buffer | undefined): void {
    const size = bytes?.length ?? 0;
    count.bytes += size;
    queuedBytes += size;
    line.freeMs = Math.max(performance.now(), openMs, line.freeMs) + (size / bytesPerSecond) * 1000;
    queue.push({ bytes, dueMs: line.freeMs + oneWayMs });
    if (queuedBytes > boundBytes) source.pause();
    deliver();
  }

  function deliver(): void {
    while (!waiting && queue.length > 0) {
      const leftMs = queue[0]!.dueMs - performance.now();
      if (leftMs > 0) return wait((go) => setTimeout(go, leftMs));
      const { bytes } = queue.shift()!;
      if (bytes === undefined) return void sink.end();
      queuedBytes -= bytes.length;
      if (queuedBytes <= boundBytes) source.resume();
      if (!sink.write(bytes)) wait((go) => sink.once("drain", go));
    }
  }

  function wait(until: (go: () => void) => unknown): void {
    waiting = true;
    until(() => {
      waiting = false;
      deliver();
    });
  }

  source.on("data", enter);
  source.on("end", () => enter(undefined));
  source.on("error", () => sink.destroy());
  source.on("close", () => {
    if (!source.readableEnded) setTimeout(() => sink.destroy(), oneWayMs);
  });
  sink.on("error", () => source.destroy());
  sink.on("close", () => source.off("data", enter).resume()); // what nobody takes any more is dropped
  return count;
}
