import { SyncError } from "../errors.ts";
import { type OpenRange, recordLimits, type WorkRange, type WorkRecord } from "./work-record.ts";

/** What a part of a range gave when it was done. */
export interface SettledPart {
  readonly from: string | undefined;
  readonly upTo: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly isLater: boolean;
}

/** Orders positions: negative, 0 or positive. */
export type PositionOrder = (a: string, b: string) => number;

/**
 * A range that this process has, until all of it is settled or the lease is lost. Nobody else
 * works at it meanwhile, as long as clocks run everywhere as fast.
 */
export class Lease {
  readonly id: number;
  /** Where the work begins. */
  readonly after: string | undefined;
  readonly #order: PositionOrder;
  readonly #stopped = new AbortController();
  #upTo: string | undefined;
  #begun: string | undefined;
  /** Up to where work is settled, of which the record may not know yet. */
  #settled: string | undefined;
  #parts: SettledPart[] = [];
  #isDone = false;
  #isLost = false;
  #isReleased = false;
  #isWhole = false;

  constructor({ id, after, upTo }: OpenRange, order: PositionOrder) {
    this.id = id;
    this.after = this.#begun = this.#settled = after;
    this.#upTo = upTo;
    this.#order = order;
  }

  /** Where the range ends, the end of all for undefined. It may come nearer at any time. */
  get upTo(): string | undefined {
    return this.#upTo;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Aborted when the work at the range has to end: the lease is lost, or all work here ends. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** What of the range is not begun. */
  get rest(): WorkRange {
    return {
      ...(this.#begun !== undefined && { after: this.#begun }),
      ...(this.#upTo !== undefined && { upTo: this.#upTo }),
    };
  }

  /** Begins work up to a position; false where that is of the range no more. */
  begin(position: string): boolean {
    if (this.#upTo !== undefined && this.#order(position, this.#upTo) > 0) return false;
    this.#begun = position;
    return true;
  }

  /**
   * Says that all is done up to a position, and what that gave. Work that is left to the next phase
   * is named so.
   */
  settle(upTo: string, counts: Readonly<Record<string, number>>, isLater = false): void {
    this.#parts.push({ from: this.#settled, upTo, counts, isLater });
    this.#settled = upTo;
  }

  /** Says that all of the range is done. */
  complete(): void {
    this.#isDone = true;
  }

  /** Gives the end of the range away, from a position on. False when that is begun by now. */
  narrow(upTo: string): boolean {
    if (this.#begun !== undefined && this.#order(upTo, this.#begun) <= 0) return false;
    if (this.#upTo !== undefined && this.#order(upTo, this.#upTo) >= 0) return false;
    this.#upTo = upTo;
    return true;
  }

  /** Says that the range is whole: it has nothing to give away. */
  keepWhole(): void {
    this.#isWhole = true;
  }

  /** Leaves what is not settled to others. */
  release(): void {
    this.#isReleased = true;
  }

  /** Others may be at the range by now. */
  lose(): void {
    this.#isLost = true;
    this.stop(new SyncError("LOCKED", "others have taken this part of the work over"));
  }

  /** Has the work at it end. */
  stop(reason: unknown): void {
    this.#stopped.abort(reason);
  }

  /** False where the record is at no position that this process knows: what was settled is lost. */
  agreesWith({ after }: OpenRange): boolean {
    return this.#settled === after || this.#parts.some(({ from }) => from === after);
  }

  /**
   * Brings a record up to date, from wherever it is: it may know some of it, when an answer of the
   * register was lost. Returns what is to be called once the record is in the register, which tells
   * whether the lease is over.
   */
  writeTo(record: WorkRecord, range: OpenRange): () => boolean {
    const parts = [...this.#parts];
    const first = parts.findIndex(({ from }) => from === range.after);
    for (const part of first < 0 ? [] : parts.slice(first)) apply(part, record, range);
    if (this.#upTo !== undefined && range.upTo !== this.#upTo) divide(record, range, this.#upTo);
    range.isWhole ||= this.#isWhole;
    const isOver = this.#isDone || this.#isReleased;
    if (this.#isDone) record.ranges = record.ranges.filter((one) => one !== range);
    else if (this.#isReleased) delete range.holder;
    return () => {
      this.#parts.splice(0, parts.length);
      return isOver;
    };
  }
}

function apply({ from, upTo, counts, isLater }: SettledPart, record: WorkRecord, range: OpenRange): void {
  for (const [name, count] of Object.entries(counts))
    record.counts[name] = (record.counts[name] ?? 0) + count;
  range.after = upTo;
  if (!isLater) return;
  const at = record.later.findIndex((one) => from !== undefined && one.upTo === from);
  if (at >= 0) record.later[at] = { ...record.later[at], upTo };
  else record.later.push({ ...(from !== undefined && { after: from }), upTo });
  // All of the work has these in it, too.
  if (record.later.length > recordLimits.laterRangeCount) record.later = [{}];
}

/** Leaves what lies behind a position to whoever comes. */
function divide(record: WorkRecord, range: OpenRange, at: string): void {
  const rest = { after: at, ...(range.upTo !== undefined && { upTo: range.upTo }) };
  record.ranges.push({ ...rest, id: record.nextId++, beat: 0, isWanted: false, isWhole: false });
  range.upTo = at;
  range.isWanted = false;
}
