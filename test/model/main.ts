import { explore, type Exploration } from "./explore.ts";
import { SessionModel, type Scenario } from "./session-model.ts";

export { flaws, pieceFlaws, rangeFlaws, subtreeFlaws } from "./flaws.ts";
export {
  flawedPieces,
  flawedRanges,
  flawedScenario,
  flawedSubtrees,
  largeScenarios,
  smallScenarios,
} from "./scenarios.ts";
export { tinyTree } from "./tiny-tree.ts";

/** Explores a scenario. @param limitCount states at most */
export function exploreScenario(scenario: Scenario, limitCount: number): Exploration {
  return explore(new SessionModel(scenario), limitCount);
}

/** What happened in a run of a scenario. */
export function tellRun(scenario: Scenario, moves: readonly string[]): readonly string[] {
  return new SessionModel(scenario).tell(moves);
}
