import { SyncError } from "../errors.ts";
import type { WorkRecord } from "./work-record.ts";

/** What a process knows of the run it takes part in, by the record that it saw last. */
export class KnownRun {
  #run = "";
  #counts: Readonly<Record<string, number>> = {};
  #phase = 0;
  #isOver = false;

  /** What all have counted together. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  get phase(): number {
    return this.#phase;
  }

  /** True once the run has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes note of a record, whose run is the one from here on. */
  know({ run, counts, phase, isOver }: WorkRecord): void {
    this.#run = run;
    this.#counts = { ...counts };
    this.#phase = phase;
    this.#isOver = isOver;
  }

  /**
   * Takes note of the record where it is of this run, and returns it; undefined when the run is
   * over and another one was begun.
   *
   * @throws STATE when the record is gone, or of a run that was begun before this one was over
   */
  find(record: WorkRecord | undefined): WorkRecord | undefined {
    if (!record) throw new SyncError("STATE", "the coordinator has lost the record of this work");
    if (record.run === this.#run) {
      this.know(record);
      return record;
    }
    if (record.before?.run !== this.#run || !record.before.isOver)
      throw new SyncError("STATE", "the work was begun anew by another process");
    this.#counts = record.before.counts;
    this.#isOver = true;
    return undefined;
  }

  /**
   * Begins a phase of a record with what the one before has left to it.
   *
   * @throws STATE while that has ranges, which were recorded as done
   */
  begin(record: WorkRecord, phase: number): void {
    checkDone(record);
    record.phase = phase;
    for (const range of record.later)
      record.ranges.push({ ...range, id: record.nextId++, beat: 0, isWanted: false, isWhole: false });
    record.later = [];
    this.know(record);
  }

  /** Ends the run of a record. @throws STATE while it has ranges, which were recorded as done */
  finish(record: WorkRecord): void {
    checkDone(record);
    record.isOver = true;
    this.know(record);
  }
}

function checkDone({ ranges }: WorkRecord): void {
  if (ranges.length > 0)
    throw new SyncError("STATE", "the coordinator has lost what was recorded as done; start it again");
}
