import { expect, it } from "vitest";
import { explore, type Exploration } from "./explore.ts";

/** What leads where, by move; a move that leads to nothing throws. */
type Moves = Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;

/** Explores states with names, from `start`; the end is `end`, and `slip` a mishap. */
function exploreNamed(moves: Moves, limitCount = 100): Exploration {
  return explore<string>(
    {
      start: () => "start",
      moves: (state) => Object.keys(moves[state] ?? {}),
      take(state, move) {
        const next = moves[state]![move];
        if (next === undefined) throw new Error(`${move} failed`);
        return next === "" ? undefined : next;
      },
      digest: (state) => state,
      isEnd: (state) => state === "end",
      isMishap: (move) => move === "slip",
      shrink: () => {},
    },
    limitCount,
  );
}

it("visits each state once and counts what there is", () => {
  const found = exploreNamed({
    start: { left: "a", right: "b" },
    a: { right: "c" },
    b: { left: "c", none: "" },
    c: { on: "end" },
  });
  expect(found).toEqual({ stateCount: 5, moveCount: 5, endCount: 1, longestRunCount: 3, fault: undefined });
});

it("finds a move that throws, by a shortest run", () => {
  const { fault } = exploreNamed({
    start: { long: "a", short: "b" },
    a: { long: "c" },
    b: { on: "end", bad: undefined },
    c: { bad: undefined },
  });
  expect(fault).toEqual({ message: "Error: bad failed", moves: ["short", "bad"] });
});

it("finds a state that only a mishap leads out of", () => {
  const { fault } = exploreNamed({ start: { on: "a", by: "end" }, a: { slip: "end" } });
  expect(fault).toEqual({ message: "nobody can move", moves: ["on"] });
});

it("finds a run that never ends", () => {
  const { fault } = exploreNamed({ start: { on: "a" }, a: { on: "b" }, b: { on: "a", by: "end" } });
  expect(fault).toEqual({ message: "it can go on for ever", moves: [] });
});

it("does not count on mishaps", () => {
  const moves = { start: { on: "a", by: "end" }, a: { on: "b", slip: "end" }, b: { slip: "end" } };
  expect(exploreNamed(moves).fault).toEqual({ message: "nobody can move", moves: ["on", "on"] });
});

it("refuses more states than there should be", () => {
  expect(() => exploreNamed({ start: { on: "a" }, a: { on: "end" } }, 2)).toThrow("more than 2 states");
});
