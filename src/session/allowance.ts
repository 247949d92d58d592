import { SyncError } from "../errors.ts";
import type { Entry } from "../tree/entry/entry.ts";

/** What a sender may make of the receiver's disk. Infinity is no limit. */
export interface ReceiveLimits {
  /** Bytes of content of all files of the tree; any unless given. */
  readonly maxTotalBytes?: number;
  /** Entries of the tree; 8,388,608 unless given. */
  readonly maxEntryCount?: number;
  /**
   * How many times the bytes that came may be made of them, beyond the first 256 MiB: content of
   * files beyond what stood in their place, holes too, and 1 KiB for each entry; any unless given.
   */
  readonly maxExpansion?: number;
}

/** Bounds and prices of what a sender may make. */
export const receiveLimits = Object.freeze({
  /** Entries of a tree, unless told otherwise: some 250 bytes of memory each. */
  receivedEntryCount: 8_388_608,
  /** Bytes that may be made however few came. */
  freeExpansionBytes: 268_435_456,
  /** Bytes that an entry counts as. */
  entryCostBytes: 1024,
});

/** Counts what a sender announces before anything of it is made. */
export class Allowance {
  readonly #limits: Required<ReceiveLimits>;
  readonly #came: () => number;
  /** Bytes that may still take the place of others, by entry. */
  readonly #replaced = new Map<number, number>();
  #entryCount = 0;
  #totalBytes = 0;
  #madeBytes = 0;

  /** @param came how many bytes have come so far */
  constructor(
    {
      maxTotalBytes = Infinity,
      maxEntryCount = receiveLimits.receivedEntryCount,
      maxExpansion = Infinity,
    }: ReceiveLimits,
    came: () => number,
  ) {
    this.#limits = { maxTotalBytes, maxEntryCount, maxExpansion };
    this.#came = came;
  }

  /** Entries of the tree, at most. */
  get maxEntryCount(): number {
    return this.#limits.maxEntryCount;
  }

  /** Counts entries that are announced. @throws LIMIT */
  list(entries: readonly Entry[]): void {
    this.#entryCount += entries.length;
    for (const { size } of entries) this.#totalBytes += size;
    const { maxEntryCount, maxTotalBytes } = this.#limits;
    check("entries", this.#entryCount, maxEntryCount);
    checkTotalBytes(this.#totalBytes, { maxTotalBytes });
    this.#make(entries.length * receiveLimits.entryCostBytes);
  }

  /** A file stands where this entry comes: as much of that is no growth. */
  replace(entry: number, bytes: number): void {
    if (this.#limits.maxExpansion < Infinity && bytes > 0) this.#replaced.set(entry, bytes);
  }

  /** Counts content that a file is said to be made of. @throws LIMIT */
  fill(entry: number, sizes: readonly number[]): void {
    if (this.#limits.maxExpansion === Infinity) return;
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const replaced = this.#replaced.get(entry) ?? 0;
    if (replaced > bytes) this.#replaced.set(entry, replaced - bytes);
    else this.#replaced.delete(entry);
    this.#make(Math.max(0, bytes - replaced));
  }

  /** No more is listed for this entry. */
  settle(entry: number): void {
    this.#replaced.delete(entry);
  }

  #make(bytes: number): void {
    const { maxExpansion } = this.#limits;
    if (maxExpansion === Infinity) return;
    this.#madeBytes += bytes;
    const limit = receiveLimits.freeExpansionBytes + maxExpansion * this.#came();
    check(`bytes made of ${this.#came()} that came`, this.#madeBytes, limit);
  }
}

/** @throws LIMIT for content of more bytes than may come */
export function checkTotalBytes(bytes: number, { maxTotalBytes = Infinity }: ReceiveLimits): void {
  check("bytes of content", bytes, maxTotalBytes);
}

function check(what: string, actual: number, limit: number): void {
  if (actual <= limit) return;
  throw new SyncError("LIMIT", `the receiver takes ${limit} ${what} at most`, { detail: { actual, limit } });
}
