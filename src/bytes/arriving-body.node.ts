import type { IncomingMessage } from "node:http";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ByteRoom } from "./byte-room.ts";
import { concatBytes } from "./compare.ts";

/** How the body of a request is taken. */
export interface ArrivingBodyOptions {
  /** Bytes that it may have. */
  readonly mostBytes: number;
  /** What the body is, for messages. */
  readonly what: string;
  /** How long it may take before its rate counts; 5 seconds unless given. */
  readonly patienceMs?: number | undefined;
}

/** How fast a body comes at least, while others wait for the room that it takes. */
export const arrivingLimits = Object.freeze({
  /** Bytes a second. */
  arrivingRateBytes: 65_536,
  /** Milliseconds before that counts. */
  arrivingPatienceMs: 5000,
});

/**
 * The whole body of a request. One that comes slower than it may gives its place to those that wait
 * for room.
 *
 * @throws LIMIT for one that is longer than it may be; STALLED, or what breaks the connection
 */
export async function arrivingBody(
  request: IncomingMessage,
  room: ByteRoom,
  { mostBytes, what, patienceMs = arrivingLimits.arrivingPatienceMs }: ArrivingBodyOptions,
): Promise<Bytes> {
  const parts: Bytes[] = [];
  let length = 0;
  const began = performance.now();
  const watch = (): void => {
    const tookMs = performance.now() - began;
    const dueBytes = (tookMs / 1000) * arrivingLimits.arrivingRateBytes;
    if (room.isWanted && tookMs > patienceMs && length < dueBytes)
      request.destroy(new SyncError("STALLED", `${what} comes too slowly`));
  };
  const timer = setInterval(watch, Math.max(10, patienceMs / 5));
  try {
    for await (const part of request as AsyncIterable<Bytes>) {
      length += part.length;
      if (length > mostBytes)
        throw new SyncError("LIMIT", `${what} is too long`, { detail: { limit: mostBytes } });
      parts.push(part);
    }
    return concatBytes(parts);
  } finally {
    clearInterval(timer);
  }
}
