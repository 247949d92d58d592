import { describe, expect, it } from "vitest";
import { KnownRun } from "../../../src/coordinator/known-run.ts";
import { newRecord, type WorkRecord } from "../../../src/coordinator/work-record.ts";

function begin(change: Partial<WorkRecord> = {}): { run: KnownRun; record: WorkRecord } {
  const run = new KnownRun();
  const record = { ...newRecord("one", "job"), ...change };
  run.know(record);
  return { run, record };
}

const state = expect.objectContaining({ code: "STATE" });

describe("what a process knows of its run", () => {
  it("is what the record said last", () => {
    const { run, record } = begin();
    const later = { ...record, phase: 1, counts: { done: 3 } };
    expect(run.find(later)).toBe(later);
    later.counts = { done: 4 };
    expect([run.phase, run.counts, run.isOver]).toEqual([1, { done: 3 }, false]);
  });

  it("ends with the run, also when another one was begun by then", () => {
    const { run, record } = begin();
    const before = { run: "one", isOver: true, counts: { done: 9 } };
    expect(run.find({ ...record, run: "two", before })).toBeUndefined();
    expect([run.counts, run.isOver]).toEqual([{ done: 9 }, true]);
  });

  it("fits no record that is gone, or of another run before this one was over", () => {
    const { run, record } = begin();
    const before = { run: "one", isOver: false, counts: {} };
    expect(() => run.find(undefined)).toThrow(state);
    expect(() => run.find({ ...record, run: "two" })).toThrow(state);
    expect(() => run.find({ ...record, run: "two", before })).toThrow(state);
    expect(run.isOver).toBe(false);
  });

  it("goes on with what was left to a phase, and to its end, once all else is done", () => {
    const { run, record } = begin({ later: [{ after: "a", upTo: "b" }] });
    expect(() => run.begin(record, 1)).toThrow(state);
    record.ranges = [];
    run.begin(record, 1);
    expect(record).toMatchObject({ phase: 1, ranges: [{ after: "a", upTo: "b" }], later: [] });
    expect(run.phase).toBe(1);
    expect(() => run.finish(record)).toThrow(state);
    record.ranges = [];
    run.finish(record);
    expect([run.isOver, record.isOver]).toEqual([true, true]);
  });
});
