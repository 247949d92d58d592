import { describe, expect, it } from "vitest";
import { pieceMacBytes } from "../../../../src/chunk/pieces.ts";
import {
  type AnnouncedGroup,
  AnnouncedGroups,
} from "../../../../src/session/levels/pieces/announced-groups.ts";
import { maxGapCount } from "../../../../src/session/levels/pieces/piece-bounds.ts";
import type { PieceAnswer } from "../../../../src/session/levels/pieces/piece-codec.ts";
import { piecedFile } from "../../../../src/session/levels/pieces/pieced-file.ts";
import { requestOf, WantedRuns } from "../../../../src/session/levels/pieces/wanted-runs.ts";
import { sessionLimits } from "../../../../src/session/limits.ts";

const rule = { kind: "gear", averageBytes: 2048 } as const;

/** A group of pieces of these sizes, each byte of which is its offset. */
function groupOf(...sizes: readonly number[]): AnnouncedGroup<string> {
  const size = sizes.reduce((sum, one) => sum + one, 0);
  const place = { parent: undefined, name: new Uint8Array(1), isOpen: false, pathBytes: 1 };
  const announced = { open: 0, bytes: 0 };
  const job = { file: "f", entry: 0, size, place, unasked: false, announced, open: 0 };
  const pieced = piecedFile(job, size, { rule });
  const part = { pieced, offset: 0, bytes: size, open: 1 };
  const macs = new Uint8Array(sizes.length * pieceMacBytes).map((_, at) => Math.floor(at / pieceMacBytes));
  const bytes = new Uint8Array(size).map((_, at) => at);
  return { pieced, part, offset: 1000, pieces: { sizes, macs, isText: false, rule }, bytes, open: 1 };
}

function gapsOf(...counts: readonly number[]): PieceAnswer["gaps"] {
  return counts.map((count) => ({ count, macs: new Uint8Array(0), width: 0 }));
}

describe("groups of pieces that were announced", () => {
  it("are answered in their order, and counted with their files until that is carried out", () => {
    const groups = new AnnouncedGroups<string>(1000);
    const [first, second] = [groupOf(1), groupOf(2)];
    groups.add(first);
    groups.add(second);
    expect([groups.peek(), groups.take(), groups.unansweredCount]).toEqual([first, first, 1]);
    first.open += 1;
    groups.settle(first);
    expect([first.part.open, first.pieced.job.open]).toEqual([1, 1]);
    groups.settle(first);
    expect([first.part.open, first.pieced.job.open, first.bytes]).toEqual([0, 0, undefined]);
  });

  it("keep so much content and no more, that of the newest", () => {
    const groups = new AnnouncedGroups<string>(10);
    const all = [groupOf(6), groupOf(4), groupOf(1), groupOf(10), groupOf(11)];
    const keptAfter = all.map((group) => {
      groups.add(group);
      return all.filter(({ bytes }) => bytes).length;
    });
    // Before they are added all have theirs.
    expect(keptAfter).toEqual([5, 5, 4, 2, 0]);
  });

  it("leave the room of their content to others once they are settled", () => {
    const groups = new AnnouncedGroups<string>(10);
    const [first, second] = [groupOf(10), groupOf(10)];
    groups.add(first);
    groups.settle(first);
    groups.add(second);
    expect(second.bytes?.length).toBe(10);
  });
});

describe("runs of pieces that the receiver misses", () => {
  it("are those between what was found, each with what it says of its gap", () => {
    const runs = new WantedRuns<string>();
    const group = groupOf(3, 4, 5, 6, 7);
    const found = [false, true, false, false, true];
    expect(runs.add(group, { found, gaps: gapsOf(0, 1), isUnlike: false })).toBe(4 + 7);
    expect([runs.size, group.open]).toEqual([2, 3]);
    const requests = runs.takeFrame().map((run) => requestOf(run));
    expect(requests.map(({ offset, sizes, gap }) => [offset, sizes, gap.count])).toEqual([
      [1000, [3], 0],
      [1007, [5, 6], 1],
    ]);
    expect(requests[1]!.macs).toEqual(group.pieces.macs.subarray(2 * pieceMacBytes, 4 * pieceMacBytes));
    expect(requests[1]!.bytes).toEqual(group.bytes!.subarray(7, 18));
    expect(runs.size).toBe(0);
  });

  it("are read again where their content is not kept, and for nothing where the file is unlike", () => {
    const runs = new WantedRuns<string>();
    const group = groupOf(3);
    runs.add(group, { found: [false], gaps: gapsOf(0), isUnlike: false });
    group.bytes = undefined;
    group.pieced.isUnlike = true;
    expect(requestOf(runs.takeFrame()[0]!)).toMatchObject({ bytes: undefined, isVain: true });
  });

  it("go out as many as fit a frame, and one in any case", () => {
    const runs = new WantedRuns<string>();
    const half = sessionLimits.dataFrameBytes / 2;
    for (const size of [half, half, 1, 3 * half, 1])
      runs.add(groupOf(size), { found: [false], gaps: gapsOf(0), isUnlike: false });
    expect(runs.hasFrame).toBe(true);
    const counts = [runs.takeFrame(), runs.takeFrame(), runs.takeFrame(), runs.takeFrame()];
    expect(counts.map(({ length }) => length)).toEqual([2, 1, 1, 1]);
    expect([runs.size, runs.hasFrame]).toEqual([0, false]);
  });

  it("have no more small pieces in a gap than can be there", () => {
    const most = maxGapCount(1, rule);
    const add = (count: number) => () =>
      new WantedRuns<string>().add(groupOf(9), { found: [false], gaps: gapsOf(count), isUnlike: false });
    expect(add(most)).not.toThrow();
    expect(add(most + 1)).toThrow(expect.objectContaining({ code: "LIMIT" }));
  });
});
