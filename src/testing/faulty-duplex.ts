import { override } from "../bytes/override.ts";
import { SyncError } from "../errors.ts";
import { type ByteChannel, type ChannelDuplex, channelOf, duplexOf } from "../transport/channel.ts";
import type { Bytes, Duplex } from "../types.ts";
import { seededRandom } from "./random.ts";

/**
 * What goes wrong with the bytes that are read through a `faultyDuplex`. All offsets count from its
 * start.
 */
export interface Faults {
  /**
   * Makes every random choice; a run with the same seed and the same bytes is the same run. 1
   * unless given.
   */
  readonly seed?: number;
  /**
   * Bytes of the longest block that is passed on; lengths are random up to it. Unless given, blocks
   * stay as they came.
   */
  readonly maxBlockBytes?: number;
  /** Waits up to so many milliseconds before each block. */
  readonly maxDelayMs?: number;
  /** Bytes after which the connection ends as if the peer had closed it in good order. */
  readonly endAtBytes?: number;
  /** Bytes after which the connection breaks with PEER_GONE. */
  readonly cutAtBytes?: number;
  /** The byte in which one bit, a random one, is flipped. */
  readonly flipAtBytes?: number;
  /** Bytes after which nothing more arrives, until the channel is aborted. */
  readonly stallAtBytes?: number;
}

/**
 * Wraps one end of a connection so that what it reads goes wrong in the ways given; what it writes
 * does not.
 */
export function faultyDuplex(duplex: Duplex, faults: Faults): ChannelDuplex {
  const inner = channelOf(duplex);
  const stalled = new Stall();
  return duplexOf(
    override(inner, {
      read: () => faulty(inner, faults, stalled),
      abort(reason) {
        stalled.abort(reason);
        inner.abort(reason);
      },
    }),
  );
}

async function* faulty(inner: ByteChannel, faults: Faults, stalled: Stall): AsyncGenerator<Bytes> {
  const random = seededRandom(faults.seed ?? 1);
  const { endAtBytes = Infinity, cutAtBytes = Infinity, stallAtBytes = Infinity } = faults;
  const stopAt = Math.min(endAtBytes, cutAtBytes, stallAtBytes);
  let offset = 0;
  for await (const block of inner.read()) {
    const kept = block.subarray(0, stopAt - offset);
    for (const piece of cutUp(flipped(kept, offset, faults, random), faults, random)) {
      await delay(faults, random);
      yield piece;
    }
    offset += kept.length;
    if (offset < stopAt) continue;
    if (offset === stallAtBytes) await stalled.wait();
    if (offset === cutAtBytes)
      throw new SyncError("PEER_GONE", "the connection was cut", { detail: { offset } });
    return;
  }
}

function flipped(block: Bytes, offset: number, { flipAtBytes }: Faults, random: () => number): Bytes {
  const at = (flipAtBytes ?? Infinity) - offset;
  const byte = block[at];
  if (byte === undefined) return block;
  const copy = new Uint8Array(block);
  copy[at] = byte ^ (1 << Math.floor(random() * 8));
  return copy;
}

function* cutUp(block: Bytes, { maxBlockBytes }: Faults, random: () => number): Generator<Bytes> {
  if (maxBlockBytes === undefined) return yield block;
  for (let at = 0; at < block.length;) {
    const end = at + 1 + Math.floor(random() * maxBlockBytes);
    yield block.subarray(at, end);
    at = end;
  }
}

async function delay({ maxDelayMs }: Faults, random: () => number): Promise<void> {
  if (maxDelayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, random() * maxDelayMs));
}

/** Silence that only an abort ends. */
class Stall {
  #reject: ((reason: unknown) => void) | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  wait(): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (this.#aborted) reject(this.#aborted.reason);
      else this.#reject = reject;
    });
  }

  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#reject?.(reason);
  }
}
