import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import { printedSeed } from "../printed-seed.ts";
import { listCalls } from "./dying.ts";
import { folderFor, run, type Scenario, scenarios, worldIn } from "./scenarios.ts";
import type { SystemCall } from "./watched-calls.ts";
import { differences, faultsIn, type Intent } from "./world.ts";

/** A scenario that was run without a fault. */
export interface Prepared extends Intent {
  readonly scenario: Scenario;
  readonly calls: readonly SystemCall[];
}

/** `npm run soak` asks for all points, perhaps of one scenario; the short form is a few of them. */
const isFull = process.env["FAULT_POINTS"] === "all";
const asked = process.env["FAULT_SCENARIO"];

/** One violation is enough to find a planted mistake. */
const isPlanted = process.env["PLANTED_MISTAKE"] !== undefined;

/** Of all points, each so many-th, from this one on; all unless given. */
const stride = Number(process.env["FAULT_STRIDE"] ?? 1);
const first = Number(process.env["FAULT_FIRST"] ?? 0);

/** Runs a scenario without a fault. */
export async function prepare(scenario: Scenario, base: string): Promise<Prepared> {
  using folder = folderFor(base);
  scenario.plant(folder.path);
  const before = worldIn(folder.path, scenario);
  await scenario.begin?.(folder.path);
  const calls = await listCalls(folder.path, async () => {
    expect(await run(scenario, folder.path), scenario.name).toMatchObject({ troubles: [], unkept: [] });
  });
  return { scenario, before, after: worldIn(folder.path, scenario), mayMix: scenario.mayMix, calls };
}

/** What a fault led to. */
export interface Visit {
  /** What is wrong with that. */
  readonly faults: readonly string[];
  /** True when it was told that modes or times may not be as they should be. */
  readonly isUnkept: boolean;
}

/** Where faults are put, and what is wrong after each. */
export interface FaultPlan<Point> {
  /** What a point is called, several of them. */
  readonly kind: string;
  /** The scenarios in which that makes sense; all unless given. */
  readonly isMeant?: (scenario: Scenario) => boolean;
  readonly pointsOf: (prepared: Prepared) => readonly Point[];
  /** Puts a fault at a point of a scenario that was just planted. */
  readonly visit: (prepared: Prepared, point: Point, folder: string) => Promise<Visit>;
}

/**
 * Puts a fault at each point of each scenario, or at a few points of a few, and runs the scenario
 * again: that has to end well. Prints how many points there were; all that is wrong is told at the
 * end.
 */
export async function atPoints<Point>(
  base: string,
  { kind, isMeant = () => true, pointsOf, visit }: FaultPlan<Point>,
): Promise<void> {
  const random = seededRandom(printedSeed());
  const some = <Item>(count: number, items: readonly Item[]): readonly Item[] =>
    isFull ? items : Array.from({ length: count }, () => items[Math.floor(random() * items.length)]!);
  const wrong: string[] = [];
  let totalCount = 0;
  const meant = scenarios.filter(
    (scenario) => isMeant(scenario) && scenario.name === (asked ?? scenario.name),
  );
  for (const scenario of some(2, meant)) {
    const prepared = await prepare(scenario, base);
    const points = some(4, pointsOf(prepared)).filter((_, at) => at % stride === first);
    for (const point of points) {
      if (isPlanted && wrong.length > 0) break;
      using folder = folderFor(base);
      scenario.plant(folder.path);
      await scenario.begin?.(folder.path);
      const { faults, isUnkept } = await visit(prepared, point, folder.path);
      const about = `${scenario.name}, ${JSON.stringify(point)}`;
      for (const fault of [...faults, ...(await faultsOfRerun({ ...prepared, isUnkept }, folder.path))]) {
        wrong.push(`${about}: ${fault}`);
        console.log(wrong.at(-1));
      }
    }
    totalCount += points.length;
    console.log(`${scenario.name}: ${points.length} ${kind}`);
  }
  console.log(`${totalCount} ${kind}, ${wrong.length} violations`);
  expect(wrong).toEqual([]);
}

/** What is wrong when a scenario is run again after a fault, and then with nothing left to do. */
async function faultsOfRerun(intent: Prepared & Pick<Visit, "isUnkept">, folder: string): Promise<string[]> {
  const { scenario, after } = intent;
  const faults = faultsIn(worldIn(folder, scenario), intent);
  const again = await run(scenario, folder).catch((thrown: unknown) => String(thrown));
  if (typeof again === "string") return [...faults, `the next run fails: ${again}`];
  faults.push(...again.troubles.map((trouble) => `the next run: ${trouble}`));
  faults.push(...differences(worldIn(folder, scenario), after).map((line) => `after the next run ${line}`));
  const idle = await run(scenario, folder);
  return [...faults, ...idle.changes.map((change) => `there is still something to do: ${change}`)];
}
