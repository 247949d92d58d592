import { isPassing } from "../bytes/retry.ts";
import { TimedBell } from "../bytes/timed-bell.ts";
import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { HeldLeases, type WrittenLeases } from "./held-leases.ts";
import { KnownRun } from "./known-run.ts";
import type { Lease, PositionOrder } from "./lease.ts";
import { RangeFinder } from "./range-finder.ts";
import { type RecordChange, RecordEditor } from "./record-editor.ts";
import type { Register } from "./register.ts";
import { newRecord, type OpenRange, type WorkRange, type WorkRecord } from "./work-record.ts";

/** How long who shares work waits. */
export const sharingLimits = Object.freeze({
  /** Milliseconds without a sign of life, after which others take a range over. */
  leaseMs: 30_000,
  /** Milliseconds between two looks at the record. */
  lookMs: 1000,
  /** Milliseconds for which the coordinator may fail before the work is given up. */
  silenceMs: 120_000,
  /** Milliseconds that who is told to end has for leaving its ranges to others. */
  leaveMs: 2000,
});

/** Who is aborted leaves its ranges to others, and ends when the coordinator does not answer. */
export interface SharedWorkOptions extends AbortOptions {
  /** Orders positions. */
  readonly order: PositionOrder;
  /** Half a minute unless given. It has to be the same on all hosts. */
  readonly leaseMs?: number;
  /** A second unless given. */
  readonly lookMs?: number;
  /** Two minutes unless given. */
  readonly silenceMs?: number;
  /** True to begin anew where a run is recorded that is not over. */
  readonly restarts?: boolean;
}

/** How one process takes part in a phase. */
export interface ShareOptions {
  /** Ranges at which it works at a time. */
  readonly leaseCount: number;
  /** Does the work of a range: tells the lease what is begun and what is settled. */
  readonly act: (lease: Lease) => Promise<void>;
  /** Finds where others may begin in a range; undefined where that is not worth it. */
  readonly split: (rest: WorkRange, signal: AbortSignal) => Promise<string | undefined>;
}

/** Waits for a range; gets none when all are done. */
interface Taker {
  readonly give: (lease: Lease | undefined) => void;
  readonly fail: (thrown: unknown) => void;
}

/** What a look at the record found. */
interface Look {
  readonly leases: WrittenLeases;
  readonly taken: readonly OpenRange[];
  readonly isDone: boolean;
}

/**
 * Work in the order of positions that processes on any hosts share. Each takes a range, and gives
 * the end of it away to who has nothing to do. A range whose holder gives no sign of life for a
 * while is taken over from where that had come. No clocks are compared: who looks counts the time
 * by its own.
 */
export class SharedWork {
  readonly #register: Register;
  readonly #editor: RecordEditor;
  readonly #leaseMs: number;
  readonly #lookMs: number;
  readonly #silenceMs: number;
  readonly #signal: AbortSignal;
  /** Aborted when nothing more is asked of the coordinator. */
  readonly #gone = new AbortController();
  readonly #id = crypto.randomUUID();
  readonly #leases: HeldLeases;
  readonly #splitting = new Set<Lease>();
  readonly #finder: RangeFinder;
  #takers: Taker[] = [];
  #split: ShareOptions["split"] = async () => undefined;
  readonly #run = new KnownRun();
  #isJoined = false;
  /** The phase at which this process is at work. */
  #shared = 0;
  /** When the coordinator last answered. */
  #heardMs = 0;
  /** When this process last gave a sign of life: others count from what they saw then, or later. */
  #beatMs = 0;
  #isLooking = false;
  /** Rings when there is something to write or to take before the next look is due. */
  readonly #bell = new TimedBell();

  private constructor(register: Register, options: SharedWorkOptions) {
    this.#register = register;
    this.#editor = new RecordEditor(register, { signal: this.#gone.signal });
    this.#signal = options.signal ?? new AbortController().signal;
    this.#leases = new HeldLeases(this.#id, options.order);
    this.#leaseMs = options.leaseMs ?? sharingLimits.leaseMs;
    this.#finder = new RangeFinder(this.#id, this.#leaseMs);
    this.#lookMs = options.lookMs ?? sharingLimits.lookMs;
    this.#silenceMs = options.silenceMs ?? sharingLimits.silenceMs;
  }

  /**
   * Takes part in the work that a register records and that is not over, or begins it.
   *
   * @param description of the work, which has to be the same for all
   * @throws USAGE for other work that is not over, STATE for what is no record; what registers do
   */
  static async join(
    register: Register,
    description: string,
    options: SharedWorkOptions,
  ): Promise<SharedWork> {
    const work = new SharedWork(register, options);
    const run = crypto.randomUUID();
    await work.#edit((place) => {
      const { record } = place;
      const isOpen = record?.isOver === false && (options.restarts !== true || record.run === run);
      if (isOpen && record.description !== description)
        throw new SyncError(
          "USAGE",
          "other work is under way by this coordinator; give it another place, or --restart",
        );
      place.record = isOpen ? record : newRecord(run, description, record);
      work.#isJoined = place.record.run !== run;
      work.#run.know(place.record);
    });
    return work;
  }

  /** True when others had begun it. */
  get isJoined(): boolean {
    return this.#isJoined;
  }

  /** What all have counted together, as far as it is known here. */
  get counts(): Readonly<Record<string, number>> {
    return this.#run.counts;
  }

  get phase(): number {
    return this.#run.phase;
  }

  /** True once the run has ended. */
  get isOver(): boolean {
    return this.#run.isOver;
  }

  /**
   * Works at ranges of a phase until none is left anywhere. The first process that comes to a phase
   * begins it with what the one before has left to it, once nothing else of that is left.
   *
   * @throws what the work throws, with its range left to others; STATE when the record is gone;
   *   what registers throw for longer than there is patience
   */
  async share(phase: number, { leaseCount, act, split }: ShareOptions): Promise<void> {
    this.#split = split;
    this.#shared = phase;
    let failure: { readonly thrown: unknown } | undefined;
    const stop = (thrown: unknown): void => {
      failure ??= { thrown };
      this.#failTakers(thrown);
      this.#leases.stop(thrown);
    };
    const onAbort = (): void => stop(this.#signal.reason);
    const work = async (): Promise<void> => {
      try {
        while (!failure) {
          const lease = await this.#take();
          if (!lease) return;
          await this.#workAt(lease, act);
        }
      } catch (thrown) {
        stop(thrown);
      }
    };
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    await this.#until(sharingLimits.leaveMs, () => Promise.all(Array.from({ length: leaseCount }, work)));
    this.#signal.removeEventListener("abort", onAbort);
    if (failure) throw failure.thrown;
  }

  /** Ends the run for all. @throws STATE where work is left, which was recorded as done */
  async finish(): Promise<void> {
    await this.#edit(({ record }) => {
      const own = this.#run.find(record);
      if (own) this.#run.finish(own);
    });
  }

  async close(): Promise<void> {
    await this.#register.close();
  }

  /** Makes a change that who is told to end does not wait for. */
  async #edit(change: RecordChange<void>): Promise<void> {
    this.#signal.throwIfAborted();
    await this.#until(0, async () => this.#editor.edit(change));
  }

  /** Does what asks the coordinator, which is asked no longer so long after the signal. */
  async #until<Result>(leaveMs: number, act: () => Promise<Result>): Promise<Result> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = (): void => {
      timer = setTimeout(() => {
        this.#gone.abort(this.#signal.reason);
        this.#bell.ring();
      }, leaveMs);
    };
    this.#signal.addEventListener("abort", leave, { once: true });
    if (this.#signal.aborted) leave();
    return act().finally(() => {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", leave);
    });
  }

  async #workAt(lease: Lease, act: ShareOptions["act"]): Promise<void> {
    const ended = this.#leases.ended(lease);
    try {
      await act(lease);
      lease.complete();
    } catch (thrown) {
      if (lease.isLost) return;
      lease.release();
      throw thrown;
    } finally {
      this.#bell.ring();
      if (!lease.isLost) await ended;
    }
  }

  async #take(): Promise<Lease | undefined> {
    return new Promise((give, fail) => {
      this.#takers.push({ give, fail });
      if (this.#isLooking) this.#bell.ring();
      else void this.#look();
    });
  }

  /** Looks at the record again and again while there is work here, or a wait for it. */
  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#heardMs = performance.now();
    // A look may wait for an answer meanwhile.
    const watch = setInterval(() => this.#loseLate(), Math.min(this.#lookMs, this.#leaseMs / 4));
    while (this.#takers.length > 0 || this.#leases.size > 0) {
      await this.#lookOnce();
      if (this.#takers.length === 0 && this.#leases.size === 0) break;
      await this.#bell.wait(this.#lookMs * (0.5 + Math.random()));
    }
    clearInterval(watch);
    this.#isLooking = false;
  }

  async #lookOnce(): Promise<void> {
    const startedMs = performance.now();
    const takers = [...this.#takers];
    try {
      const look = await this.#editor.edit(({ record }) =>
        this.#lookAt(this.#run.find(record), takers, startedMs),
      );
      this.#heardMs = startedMs;
      if (this.#isBeatDue(startedMs)) this.#beatMs = startedMs;
      this.#leases.settle(look.leases);
      for (const lease of look.leases.wanted) void this.#giveAway(lease);
      this.#give(takers, look);
    } catch (thrown) {
      this.#loseLate();
      const isPatient = !this.#gone.signal.aborted && performance.now() - this.#heardMs < this.#silenceMs;
      if (isPassing(thrown) && isPatient) return;
      this.#leases.dropAll();
      this.#failTakers(thrown);
    }
  }

  #give(takers: readonly Taker[], { taken, isDone }: Look): void {
    const waiting = takers.filter((taker) => this.#takers.includes(taker));
    const leases = taken.map((range) => this.#leases.add(range));
    // Who has given up waiting leaves what it was given to others.
    for (const lease of leases.slice(waiting.length)) lease.release();
    const served = isDone ? waiting : waiting.slice(0, leases.length);
    this.#takers = this.#takers.filter((taker) => !served.includes(taker));
    served.forEach(({ give }, at) => give(leases[at]));
  }

  /** Says of a record what this process has done, and takes of it what it can. */
  #lookAt(record: WorkRecord | undefined, takers: readonly Taker[], nowMs: number): Look {
    if (record?.isOver === false && record.phase < this.#shared) this.#run.begin(record, this.#shared);
    const leases = this.#leases.writeTo(record, this.#isBeatDue(nowMs));
    const isDone = !record || record.isOver || record.phase !== this.#shared || record.ranges.length === 0;
    const isHeld = (id: number): boolean => this.#leases.has(id);
    const taken = isDone ? [] : this.#finder.take(record, takers.length, isHeld, nowMs);
    return { leases, taken, isDone };
  }

  #isBeatDue(nowMs: number): boolean {
    return nowMs - this.#beatMs > this.#leaseMs / 3;
  }

  /** Finds out where others may begin; the next look tells it. */
  async #giveAway(lease: Lease): Promise<void> {
    if (this.#splitting.has(lease)) return;
    this.#splitting.add(lease);
    try {
      const at = await this.#split(lease.rest, lease.signal);
      if (at === undefined) lease.keepWhole();
      else lease.narrow(at);
      this.#bell.ring();
    } catch {
      // What keeps it from being divided is met by the work itself, too.
    } finally {
      this.#splitting.delete(lease);
    }
  }

  /** What the record knew last is too old for others not to be at these ranges by now. */
  #loseLate(): void {
    if (performance.now() - this.#beatMs <= this.#leaseMs) return;
    this.#leases.dropAll();
  }

  #failTakers(thrown: unknown): void {
    for (const { fail } of this.#takers.splice(0)) fail(thrown);
  }
}
