import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../../../src/bytes/cursor.ts";
import { isSyncError } from "../../../../src/errors.ts";
import { gapWidth } from "../../../../src/session/levels/pieces/mac-widths.ts";
import { MissingRuns } from "../../../../src/session/levels/pieces/missing-runs.ts";
import {
  decodePieceAnswers,
  decodePieceGroups,
  decodeRuns,
  encodePieceAnswers,
  encodePieceGroups,
  encodeRuns,
  type AwaitedGroup,
  type GapMacs,
  type PieceAnswer,
  type PieceGroup,
  type PieceRun,
  type RunStep,
} from "../../../../src/session/levels/pieces/piece-codec.ts";
import type { Bytes } from "../../../../src/types.ts";

const bytesOf = (length: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Uint8Array.from(bytes));

/** Entries differ in their widths: a reader knows those before it reads. */
const widthOf = (entry: number): number => 3 + (entry % 4);

const anyGroup: fc.Arbitrary<PieceGroup> = fc
  .record({
    entry: fc.oneof(fc.nat(20), fc.nat()),
    isText: fc.boolean(),
    isFine: fc.boolean(),
    count: fc.nat(40),
    end: fc.constantFrom("none", "part", "mac", "CHANGED", "VANISHED", "IO"),
    bytes: fc.nat(),
  })
  .chain(({ entry, isText, isFine, count, end, bytes }) => {
    const isEmpty = count === 0 && (end === "none" || end === "part");
    const told = isEmpty ? 1 : count;
    const width = widthOf(entry);
    return fc.tuple(bytesOf(told * width), bytesOf(16)).map(([macs, mac]): PieceGroup => {
      const group = { entry, isText, isFine, macs, width, count: told };
      if (end === "none") return group;
      if (end === "part") return { ...group, end: { bytes, mac } };
      return { ...group, end: end === "mac" ? { mac } : (end as "IO") };
    });
  });

const averageBytes = 1024;

const anyGap = (rowBytes: number): fc.Arbitrary<GapMacs> =>
  fc.oneof(fc.nat(3), fc.nat(300)).chain((count) => {
    const width = gapWidth(count, rowBytes);
    return bytesOf(count * width).map((macs) => ({ count, macs, width }));
  });

const anyAnswer: fc.Arbitrary<PieceAnswer> = fc.oneof(
  fc.constant({ found: [], gaps: [], isUnlike: true }),
  fc.array(fc.boolean(), { maxLength: 30 }).chain((found) => {
    const runs = new MissingRuns().next(found, averageBytes);
    return fc
      .tuple(...runs.map(({ rowBytes }) => anyGap(rowBytes)))
      .map((gaps) => ({ found, gaps, isUnlike: false }));
  }),
);

const anyStep: fc.Arbitrary<RunStep> = fc.oneof(
  fc.record({ literalBytes: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ first: fc.nat(10_000), count: fc.integer({ min: 1, max: 3000 }) }),
);

const anyRun: fc.Arbitrary<PieceRun> = fc
  .record({ steps: fc.array(anyStep, { maxLength: 8 }), hasFailed: fc.boolean() })
  .chain(({ steps, hasFailed }) => {
    const length = steps.reduce((sum, step) => sum + ("literalBytes" in step ? step.literalBytes : 0), 0);
    return bytesOf(length).map((literals) => ({ steps, literals, hasFailed }));
  });

/** A group of a file of its own. */
const awaited = (count: number): AwaitedGroup => ({ count, missing: new MissingRuns(), averageBytes });

/** The groups to which these are the answers. */
function counting(answers: readonly PieceAnswer[]): () => AwaitedGroup {
  const counts = answers.map(({ found }) => found.length);
  return () => awaited(counts.shift() ?? 0);
}

function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (thrown) {
    if (isSyncError(thrown)) return thrown.code;
    throw thrown;
  }
  return "taken";
}

/** The lengths at which a message may be cut off and is taken all the same. */
function lengthsTaken(whole: Bytes, decode: (part: Bytes) => unknown): number[] {
  const lengths = Array.from({ length: whole.length }, (_, length) => length);
  return lengths.filter((length) => {
    const code = refusal(() => decode(whole.subarray(0, length)));
    if (code !== "taken" && code !== "BAD_MESSAGE") throw new Error(`refused as ${code}`);
    return code === "taken";
  });
}

const message = (...parts: readonly (number | Bytes)[]): Bytes => {
  const out = new ByteWriter();
  for (const part of parts) {
    if (typeof part === "number") out.uvarint(part);
    else out.bytes(part);
  }
  return out.finish();
};
const zeros = (length: number): Bytes => new Uint8Array(length);

describe("groups of pieces", () => {
  const decode = (payload: Bytes): PieceGroup[] => [...decodePieceGroups(payload, widthOf)];

  test("are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(anyGroup, { maxLength: 5 }), (groups) => {
        expect(decode(encodePieceGroups(groups))).toEqual(groups);
      }),
    );
  });

  test("are refused when they are cut off within a group", () => {
    fc.assert(
      fc.property(anyGroup, anyGroup, (first, second) => {
        const whole = encodePieceGroups([first, second]);
        const boundary = encodePieceGroups([first]).length;
        expect(lengthsTaken(whole, (part) => decode(part))).toEqual([0, boundary]);
      }),
    );
  });

  test.each([
    ["an unknown flag", message(0, 32, 1, zeros(3))],
    ["a part that ends twice", message(0, 9, 1, zeros(3), zeros(16))],
    ["a part that fails", message(0, 10, 27, 1, zeros(3))],
    ["a part without its MAC", message(0, 8, 1, zeros(3), 5, zeros(15))],
    ["a failure in the middle of a file", message(0, 2, 27, 1, zeros(3))],
    ["no pieces, and no end", message(0, 0, 0)],
    ["more pieces than its bytes", message(0, 0, 2, zeros(5))],
    ["a number of pieces beyond all bytes", message(0, 0, Number.MAX_SAFE_INTEGER, zeros(5))],
    ["an end without its MAC", message(0, 1, 1, zeros(3), zeros(15))],
    ["a leftover", message(0, 1, 1, zeros(3), zeros(16), Uint8Array.of(9))],
  ])("with %s are refused", (_, payload) => {
    expect(refusal(() => decode(payload))).toBe("BAD_MESSAGE");
  });

  test("of a file that awaits none are refused by whoever knows", () => {
    const told = encodePieceGroups([
      { entry: 7, isFine: false, isText: false, macs: zeros(3), width: 3, count: 1 },
    ]);
    const none = (): number => {
      throw new RangeError("none");
    };
    expect(() => [...decodePieceGroups(told, none)]).toThrow("none");
  });
});

describe("answers to pieces", () => {
  const decode = (payload: Bytes, next: () => AwaitedGroup): PieceAnswer[] => [
    ...decodePieceAnswers(payload, next),
  ];

  test("are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(anyAnswer, { maxLength: 5 }), (answers) => {
        expect(decode(encodePieceAnswers(answers), counting(answers))).toEqual(answers);
      }),
    );
  });

  test("stay what they are when the memory of their message is used again", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const payload = encodePieceAnswers([answer]);
        const taken = decode(payload, counting([answer]));
        payload.fill(0xa5);
        expect(taken).toEqual([answer]);
      }),
    );
  });

  test("are refused when they are cut off within an answer", () => {
    fc.assert(
      fc.property(anyAnswer, anyAnswer, (first, second) => {
        const whole = encodePieceAnswers([first, second]);
        const boundary = encodePieceAnswers([first]).length;
        const counted = (part: Bytes): unknown => decode(part, counting([first, second]));
        expect(lengthsTaken(whole, counted)).toEqual([0, boundary]);
      }),
    );
  });

  test.each([
    ["an unknown kind", 1, message(2)],
    ["a fill bit that is set", 1, message(0, Uint8Array.of(0xc0))],
    ["a gap that is missing", 1, message(0, Uint8Array.of(0))],
    ["more MACs than its bytes", 1, message(0, Uint8Array.of(0), 3, zeros(8))],
    ["a number of MACs beyond all bytes", 1, message(0, Uint8Array.of(0), Number.MAX_SAFE_INTEGER, zeros(9))],
  ])("with %s are refused", (_, count, payload) => {
    expect(refusal(() => decode(payload, () => awaited(count)))).toBe("BAD_MESSAGE");
  });
});

describe("the width of the MACs in a gap", () => {
  const all = [true, true];
  const none = [false, false];

  test("grows with the pieces that are missing in a row, over the groups of a file", () => {
    const missing = new MissingRuns();
    const rows = [[true, false], none, [false, true, false], all, none].map((found) =>
      missing.next(found, 10),
    );
    expect(rows).toEqual([
      [{ first: 1, count: 1, rowBytes: 10 }],
      [{ first: 0, count: 2, rowBytes: 30 }],
      [
        { first: 0, count: 1, rowBytes: 40 },
        { first: 2, count: 1, rowBytes: 10 },
      ],
      [],
      [{ first: 0, count: 2, rowBytes: 20 }],
    ]);
  });

  test.each([
    [0, 0, 3],
    [5, 1024, 3],
    [64, 8192, 4],
    [5, 100 * 2 ** 20, 5],
    [2000, 2 ** 40, 6],
  ])("%i of them, and %i bytes that are missing: %i bytes", (count, rowBytes, width) => {
    expect(gapWidth(count, rowBytes)).toBe(width);
  });
});

describe("runs", () => {
  test("are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 5 }), (runs) => {
        expect(decodeRuns(encodeRuns(runs), runs.length)).toEqual(runs);
      }),
    );
  });

  test("are refused when they are cut off, or longer than they say", () => {
    fc.assert(
      fc.property(fc.array(anyRun, { minLength: 1, maxLength: 3 }), (runs) => {
        const whole = encodeRuns(runs);
        expect(lengthsTaken(whole, (part) => decodeRuns(part, runs.length))).toEqual([]);
        const longer = new Uint8Array(whole.length + 1);
        longer.set(whole);
        expect(refusal(() => decodeRuns(longer, runs.length))).toBe("BAD_MESSAGE");
      }),
    );
  });

  test.each([
    ["more of them than their bytes", message(2, 0)],
    ["a number of them beyond all bytes", message(Number.MAX_SAFE_INTEGER, 0)],
    ["more steps than their bytes", message(1, 4, 4)],
    ["a number of steps beyond all bytes", message(1, Number.MAX_SAFE_INTEGER - 1, 0)],
    ["a step of no literal bytes", message(1, 2, 0)],
    ["a step of no pieces", message(1, 2, 1, 0)],
    ["a step before the first piece", message(1, 2, 3, 1)],
    ["literals that are longer than the message", message(1, 2, 2 * 100, zeros(99))],
    ["literals beyond all bytes", message(1, 2, Number.MAX_SAFE_INTEGER - 1, zeros(9))],
  ])("with %s are refused", (_, payload) => {
    expect(refusal(() => decodeRuns(payload, Infinity))).toBe("BAD_MESSAGE");
  });

  test("are refused by their number alone when fewer are missing", () => {
    expect(refusal(() => decodeRuns(message(3), 2))).toBe("UNSOLICITED");
  });
});
