import { describe, expect, it } from "vitest";
import { HeldLeases } from "../../../src/coordinator/held-leases.ts";
import { newRecord, type OpenRange, type WorkRecord } from "../../../src/coordinator/work-record.ts";

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function rangeOf(id: number): OpenRange {
  return { id, holder: "me", beat: 0, isWanted: false, isWhole: false };
}

function begin(...ids: readonly number[]) {
  const held = new HeldLeases("me", order);
  const record: WorkRecord = { ...newRecord("run", "job"), ranges: ids.map(rangeOf) };
  return { held, record, leases: ids.map((id) => held.add(rangeOf(id))) };
}

describe("the leases that a process has", () => {
  it("are over once the register has that they are done", async () => {
    const { held, record, leases } = begin(1, 2);
    const ended = held.ended(leases[0]!);
    leases[0]!.complete();
    const looked = held.writeTo(record, false);
    expect(record.ranges.map(({ id }) => id)).toEqual([2]);
    expect(held.size).toBe(2);
    held.settle(looked);
    await ended;
    expect([held.has(1), held.has(2)]).toEqual([false, true]);
    await held.ended(leases[0]!);
  });

  it("are lost where the record does not know them, or is somewhere else", async () => {
    const { held, record, leases } = begin(1, 2, 3);
    record.ranges[0]!.holder = "you";
    record.ranges[1]!.after = "z";
    const ended = held.ended(leases[1]!);
    held.settle(held.writeTo(record, false));
    await ended;
    expect(leases.map(({ isLost }) => isLost)).toEqual([true, true, false]);
    held.settle(held.writeTo(undefined, false));
    expect([held.size, leases[2]!.signal.aborted]).toEqual([0, true]);
  });

  it("give signs of life when they are asked to, and tell which of them others want", () => {
    const { held, record, leases } = begin(1, 2);
    record.ranges[1]!.isWanted = true;
    expect(held.writeTo(record, true).wanted).toEqual([leases[1]]);
    held.writeTo(record, false);
    expect(record.ranges.map(({ beat }) => beat)).toEqual([1, 1]);
    record.ranges[1]!.isWhole = true;
    expect(held.writeTo(record, false).wanted).toEqual([]);
  });

  it("end together", async () => {
    const { held, leases } = begin(1, 2);
    const ended = leases.map((lease) => held.ended(lease));
    held.stop(new Error("enough"));
    expect(leases.map(({ signal, isLost }) => [signal.aborted, isLost])).toEqual([
      [true, false],
      [true, false],
    ]);
    held.dropAll();
    await Promise.all(ended);
    expect(leases.map(({ isLost }) => isLost)).toEqual([true, true]);
  });
});
