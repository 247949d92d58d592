import { beforeAll, expect, test } from "vitest";
import { unless } from "../obstacles.ts";
import type { Exploration } from "./explore.ts";
import type * as Opened from "./main.ts";
import { importOpened } from "./open-private.ts";
import type { Scenarios } from "./scenarios.ts";
import type { Scenario } from "./session-model.ts";

const large = unless(
  process.env["RSYNC_STREAM_MODEL"] === "large" ? undefined : "larger sessions are for npm run model",
);
const limitCount = 2_000_000;
const largeMs = 7_200_000;

let model: typeof Opened;
beforeAll(async () => {
  model = await importOpened<typeof Opened>("test/model/main.ts");
});

/** Explores a scenario and prints how much there was. */
function explore(name: string, scenario: Scenario): Exploration {
  const found = model.exploreScenario(scenario, limitCount);
  const { stateCount, moveCount, endCount, longestRunCount } = found;
  const counts = `${stateCount} states, ${moveCount} moves, ${endCount} ends`;
  console.log(`${name}: ${counts}, ${longestRunCount} moves at most`);
  return found;
}

/** What is wrong, and how it came about. */
function tell(scenario: Scenario, { fault }: Exploration): string {
  if (fault === undefined) return "nothing";
  const run = model.tellRun(scenario, fault.moves).join("\n  ");
  return `${fault.message}, after ${fault.moves.length} moves:\n  ${run}`;
}

/** Explores scenarios, in which nothing may be wrong. */
function exploreAll(scenarios: Scenarios): Map<string, Exploration> {
  const all = Object.entries(scenarios).map(([name, scenario]) => {
    const found = explore(name, scenario);
    expect([name, tell(scenario, found)]).toEqual([name, "nothing"]);
    return [name, found] as const;
  });
  const stateCount = all.reduce((sum, [, found]) => sum + found.stateCount, 0);
  console.log(`${stateCount} states in all`);
  return new Map(all);
}

test("every run of a session ends with the right tree, however late its receiver is", () => {
  const found = exploreAll(model.smallScenarios);
  const [any, prompt] = ["any order", "a prompt receiver"].map((order) =>
    found.get(`an update that drops, ${order}`)!,
  );
  expect(prompt!.endCount).toBe(any!.endCount);
  expect(prompt!.stateCount).toBeLessThan(any!.stateCount);
});

test("every flaw is found", () => {
  for (const [flaws, flawed] of [
    [model.flaws, model.flawedScenario],
    [model.pieceFlaws, model.flawedPieces],
    [model.subtreeFlaws, model.flawedSubtrees],
    [model.rangeFlaws, model.flawedRanges],
  ] as const) {
    for (const [name, { flaw, finding }] of Object.entries(flaws)) {
      const scenario = { ...flawed, flaw };
      const told = tell(scenario, explore(name, scenario));
      console.log(`  found: ${told}`);
      expect([name, told]).toEqual([name, expect.stringMatching(finding)]);
    }
  }
});

large.test("every run of a larger session ends with the right tree", { timeout: largeMs }, () => {
  exploreAll(model.largeScenarios());
});
