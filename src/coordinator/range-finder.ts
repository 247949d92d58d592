import { type OpenRange, recordLimits, type WorkRecord } from "./work-record.ts";

/**
 * Finds ranges for a process that has nothing to do. A holder that shows the same for longer than a
 * lease is gone; the time is that of who looks, so that no clocks of hosts need to agree.
 */
export class RangeFinder {
  readonly #holder: string;
  readonly #leaseMs: number;
  readonly #seen = new Map<number, { readonly sign: string; readonly sinceMs: number }>();

  /** @param holder names the process */
  constructor(holder: string, leaseMs: number) {
    this.#holder = holder;
    this.#leaseMs = leaseMs;
  }

  /**
   * Takes as many ranges as there are and are wanted. For each that is not found, one that somebody
   * has is marked, so that a part of it is given away.
   *
   * @param isHeld tells of a range of this process that it is at work
   */
  take(
    record: WorkRecord,
    count: number,
    isHeld: (id: number) => boolean,
    nowMs: number,
  ): readonly OpenRange[] {
    this.#forgetClosed(record);
    const free = record.ranges.filter((range) => this.#isFree(range, isHeld, nowMs));
    const taken = free.slice(0, count);
    for (const range of taken)
      Object.assign(range, { holder: this.#holder, beat: range.beat + 1, isWanted: false });
    if (record.ranges.length < recordLimits.openRangeCount) ask(record, taken, count - taken.length);
    return taken;
  }

  #isFree(range: OpenRange, isHeld: (id: number) => boolean, nowMs: number): boolean {
    if (range.holder === undefined) return true;
    // Taken here, but the answer was lost.
    if (range.holder === this.#holder) return !isHeld(range.id);
    const sign = `${range.holder} ${range.beat}`;
    const known = this.#seen.get(range.id);
    if (known?.sign === sign) return nowMs - known.sinceMs > this.#leaseMs;
    this.#seen.set(range.id, { sign, sinceMs: nowMs });
    return false;
  }

  #forgetClosed({ ranges }: WorkRecord): void {
    const open = new Set(ranges.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!open.has(id)) this.#seen.delete(id);
  }
}

/** Marks so many ranges at which somebody is, unless enough are marked. */
function ask({ ranges }: WorkRecord, taken: readonly OpenRange[], count: number): void {
  const rich = ranges.filter((range) => !range.isWanted && !range.isWhole && !taken.includes(range));
  const askedCount = ranges.filter(({ isWanted }) => isWanted).length;
  for (let left = count - askedCount; left > 0 && rich.length > 0; left--)
    rich.splice(Math.floor(Math.random() * rich.length), 1)[0]!.isWanted = true;
}
