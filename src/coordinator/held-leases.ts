import { Lease, type PositionOrder } from "./lease.ts";
import type { OpenRange, WorkRecord } from "./work-record.ts";

/** What became of leases when they were written to a record. */
export interface WrittenLeases {
  /** What is to be called for each once the record is in the register; true when it is over. */
  readonly written: ReadonlyMap<Lease, () => boolean>;
  /** Of which the record knows nothing, or something else. */
  readonly lost: readonly Lease[];
  /** A part of which others want. */
  readonly wanted: readonly Lease[];
}

/** The leases that a process has. */
export class HeldLeases {
  readonly #holder: string;
  readonly #order: PositionOrder;
  readonly #leases = new Map<number, Lease>();
  readonly #ends = new Map<Lease, () => void>();

  /** @param holder names the process */
  constructor(holder: string, order: PositionOrder) {
    this.#holder = holder;
    this.#order = order;
  }

  get size(): number {
    return this.#leases.size;
  }

  has(id: number): boolean {
    return this.#leases.has(id);
  }

  /** Adds the lease for a range that was taken. */
  add(range: OpenRange): Lease {
    const lease = new Lease(range, this.#order);
    this.#leases.set(lease.id, lease);
    return lease;
  }

  /** Resolves when a lease is over: it is lost, or what became of it is in the register. */
  async ended(lease: Lease): Promise<void> {
    if (this.#leases.get(lease.id) !== lease) return;
    await new Promise<void>((end) => this.#ends.set(lease, end));
  }

  /**
   * Brings a record up to date with what was done here.
   *
   * @param isBeat true to give a sign of life
   */
  writeTo(record: WorkRecord | undefined, isBeat: boolean): WrittenLeases {
    const written = new Map<Lease, () => boolean>();
    const [lost, wanted]: [Lease[], Lease[]] = [[], []];
    for (const lease of this.#leases.values()) {
      const range = record?.ranges.find(({ id, holder }) => id === lease.id && holder === this.#holder);
      // A register that has lost a replacement has what was before: it is gone on with from there.
      if (!record || !range || !lease.agreesWith(range)) {
        lost.push(lease);
        continue;
      }
      if (isBeat) range.beat++;
      if (range.isWanted && !range.isWhole) wanted.push(lease);
      written.set(lease, lease.writeTo(record, range));
    }
    return { written, lost, wanted };
  }

  /** The record is in the register: ends what is over, and gives up what is lost. */
  settle({ written, lost }: WrittenLeases): void {
    for (const [lease, tell] of written) if (tell()) this.#end(lease);
    for (const lease of lost) this.#drop(lease);
  }

  /** Has the work at all of them end. */
  stop(reason: unknown): void {
    for (const lease of this.#leases.values()) lease.stop(reason);
  }

  /** Gives all of them up: others may be at their ranges by now. */
  dropAll(): void {
    for (const lease of this.#leases.values()) this.#drop(lease);
  }

  #drop(lease: Lease): void {
    lease.lose();
    this.#end(lease);
  }

  #end(lease: Lease): void {
    this.#leases.delete(lease.id);
    this.#ends.get(lease)?.();
    this.#ends.delete(lease);
  }
}
