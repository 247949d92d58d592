import { SyncError } from "../errors.ts";

/** Counts bytes against a capacity. */
export interface Quota {
  /**
   * Claims bytes before they are written.
   *
   * @throws NO_SPACE
   */
  take(sizeBytes: number): void;
  giveBack(sizeBytes: number): void;
}

/** A quota of which a part is used already; it may be more than the capacity. */
export function createQuota(capacityBytes: number, usedBytes: number): Quota {
  let used = usedBytes;
  return {
    take(sizeBytes) {
      if (used + sizeBytes > capacityBytes) {
        throw new SyncError("NO_SPACE", "the store has reached its capacity", {
          detail: { limit: capacityBytes, actual: used + sizeBytes },
        });
      }
      used += sizeBytes;
    },
    giveBack(sizeBytes) {
      used -= sizeBytes;
    },
  };
}

/** @throws USAGE when it is not a number of bytes; no limit is Infinity */
export function checkCapacity(capacityBytes: number): void {
  if (!(capacityBytes >= 0)) throw new SyncError("USAGE", "capacityBytes has to be 0 or more");
}
