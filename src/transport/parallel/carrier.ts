import { SyncError } from "../../errors.ts";
import { parallelLimits } from "./parallel-limits.ts";

/** Records that any connection may have on its way: what the other end tells of at once. */
const leastAllowed = parallelLimits.toldRecords;
/** Those that it may have before anything is known of it. */
const firstAllowed = 16;
/** How long records may wait on their way, beside the time that the first of them took. */
const queueMs = 200;

/**
 * One connection of a group, as those see it who share the records out. It is given as much as it
 * moves in a fifth of a second: systems take in megabytes for a slow connection, and what is behind
 * them would wait when all others are done.
 */
export class Carrier {
  /** True while what others had is not sent over it: it holds up what has to come first. */
  isSlow = false;
  /** What was sent over it and is not confirmed to have arrived by any, by number. */
  readonly underWay = new Set<number>();
  /** When those records were sent that have not come through, in order. */
  #sentAt: number[] = [];
  #throughCount = 0;
  #allowedCount = firstAllowed;
  #leastMs = Number.POSITIVE_INFINITY;

  /** Records that are on their way over it, as far as the other end has told. */
  get onWayCount(): number {
    return this.#sentAt.length;
  }

  /** True when it may be given a record. */
  get hasRoom(): boolean {
    return this.onWayCount < this.#allowedCount;
  }

  /** It was given a record. */
  give(number: number, now: number): void {
    this.underWay.add(number);
    this.#sentAt.push(now);
  }

  /**
   * The other end has told how many records have come over it.
   *
   * @throws BAD_MESSAGE for more than were sent
   */
  comeThrough(count: number, now: number): void {
    const newCount = count - this.#throughCount;
    if (newCount > this.#sentAt.length) throw new SyncError("BAD_MESSAGE", "more came than was sent");
    if (newCount <= 0) return;
    const tookMs = now - this.#sentAt[newCount - 1]!;
    this.#sentAt = this.#sentAt.slice(newCount);
    this.#throughCount = count;
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    const isQuick = tookMs <= this.#leastMs + queueMs;
    const allowed = isQuick
      ? this.#allowedCount + newCount
      : this.#allowedCount * ((this.#leastMs + queueMs) / tookMs);
    this.#allowedCount = Math.round(Math.min(Math.max(allowed, leastAllowed), parallelLimits.windowRecords));
  }

  /** It holds the others up. */
  slowDown(): void {
    this.isSlow = true;
    this.#allowedCount = leastAllowed;
  }
}
