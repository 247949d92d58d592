import fs from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import type { Durability } from "../../src/tree/order/order.ts";
import { notLinux, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { type Fate, PowerModel } from "./power-model.ts";
import { folderFor, run, type Scenario, scenarioOf, worldIn } from "./scenarios.ts";
import { failureOf, watchCalls } from "./watched-calls.ts";
import { faultsIn, type Intent, type World } from "./world.ts";

const sync = vi.hoisted(() => ({ all: (): void => {} }));
vi.mock("../../src/tree/disk/calls/disk-sync.node.ts", async (load) => ({
  ...(await load<object>()),
  syncFileSystem: async () => sync.all(),
}));

/** States for each promise; `npm run soak` asks for more. */
const stateCount = Number(process.env["POWER_STATES"] ?? 80);

/** A run, the disk after each of its calls, and what it was to make. */
interface Recorded {
  readonly model: PowerModel;
  readonly intent: Intent;
}

async function record(
  scenario: Scenario,
  durability: Durability | undefined,
  base: string,
): Promise<Recorded> {
  using folder = folderFor(base);
  scenario.plant(folder.path);
  const before = bare(worldIn(folder.path, scenario));
  const model = new PowerModel(nodesIn(folder.path, before));
  sync.all = () => model.syncAll();
  {
    using _watch = watchCalls(folder.path, (call) => {
      // The model knows of no shared blocks.
      if (call.name === "ioctl" && call.changes) return failureOf(call, "EOPNOTSUPP");
      if (call.changes) model.add(call);
      return undefined;
    });
    await run({ ...scenario, options: { ...scenario.options, durability } }, folder.path);
  }
  const after = bare(worldIn(folder.path, scenario));
  expect(
    model.worldAfter(model.changeCount, () => "kept"),
    "the model",
  ).toEqual(after);
  return { model, intent: { before, after } };
}

/** Kinds and content alone: modes and times come with the names of new files, or at the end. */
function bare(world: World): World {
  const things = [...world].map(([path, { kind, content }]) => [
    path,
    { kind, content, rights: "", time: "", inode: "" },
  ]);
  return new Map(things as [string, World extends ReadonlyMap<string, infer Thing> ? Thing : never][]);
}

function nodesIn(folder: string, world: World): ConstructorParameters<typeof PowerModel>[0] {
  const contentOf = (path: string, kind: string, content: string): Buffer =>
    kind === "file" ? fs.readFileSync(join(folder, path)) : Buffer.from(content, "latin1");
  return new Map(
    [...world].map(([path, { kind, content }]) => [path, { kind, first: contentOf(path, kind, content) }]),
  );
}

/** Visits many different states that a loss of power may leave; returns how many. */
function visitStates(
  { model }: Recorded,
  random: () => number,
  visit: (world: World, state: { readonly count: number; readonly ordersNames: boolean }) => void,
): number {
  const seen = new Set<string>();
  for (let tries = 0; seen.size < stateCount && tries < 20 * stateCount; tries++) {
    const count = Math.floor(random() * (model.changeCount + 1));
    const ordersNames = random() < 0.5;
    const namesUntil = Math.floor(count * (1 - random() ** 3));
    const share = random();
    const ofNames = (change: number): Fate =>
      (ordersNames ? change < namesUntil : random() < share) ? "kept" : "lost";
    const ofContent = (): Fate => (["kept", "lost", "zeros", "half"] as const)[Math.floor(random() * 4)]!;
    const world = model.worldAfter(count, (change) =>
      model.isOfNames(change) ? ofNames(change) : ofContent(),
    );
    const key = [...world].map(([path, { content }]) => `${path} ${content}`).join("\n");
    if (!seen.has(key)) visit(world, { count, ordersNames });
    seen.add(key);
  }
  return seen.size;
}

unless(notLinux).describe("what is on the disk after a loss of power", () => {
  test.each([
    ["delete", "files"],
    ["delete", "all"],
    ["backup", "files"],
    ["hard links", "files"],
    ["one way", "files"],
  ] as const)("%s with --fsync=%s: each name has its old content or its new", async (name, durability) => {
    using temp = tempDir();
    const recorded = await record(scenarioOf(name), durability, temp.path);
    const wrong: string[] = [];
    const count = visitStates(recorded, seededRandom(printedSeed()), (world, { ordersNames }) => {
      const faults = faultsIn(world, recorded.intent);
      // Where names may change in any order, the old one may be gone before the new is there.
      wrong.push(...(ordersNames ? faults : faults.filter((fault) => fault.includes(" is neither "))));
    });
    console.log(`${name}, ${durability}: ${count} states after a loss of power, ${wrong.length} violations`);
    expect(wrong).toEqual([]);
  });

  test.each(["once", "all"] as const)(
    "with --fsync=%s: when anything is deleted, all that is new is there; at the end, nothing else is",
    async (durability) => {
      using temp = tempDir();
      const recorded = await record(scenarioOf("delete"), durability, temp.path);
      const { before, after } = recorded.intent;
      const deleted = [...before.keys()].filter((path) => !after.has(path));
      const wrong: string[] = [];
      const look = (world: World, callCount: number): void => {
        const isOver = callCount === recorded.model.changeCount;
        if (!isOver && deleted.every((path) => world.has(path))) return;
        for (const [path, { kind, content }] of after)
          if (kind === "file" && world.get(path)?.content !== content) wrong.push(`${callCount}: ${path}`);
        const left = isOver ? deleted.filter((path) => world.has(path)) : [];
        wrong.push(...left.map((path) => `${path} is still there at the end`));
      };
      const count = visitStates(recorded, seededRandom(printedSeed()), (world, state) =>
        look(world, state.count),
      );
      // Few of the states drawn are of the end: the one that lost most is looked at in any case.
      const { changeCount } = recorded.model;
      look(
        recorded.model.worldAfter(changeCount, () => "lost"),
        changeCount,
      );
      console.log(`delete, ${durability}: ${count} states after a loss of power, ${wrong.length} violations`);
      expect(wrong).toEqual([]);
    },
  );

  test("without --fsync a name may have no content yet, which these states show", async () => {
    using temp = tempDir();
    const recorded = await record(scenarioOf("delete"), undefined, temp.path);
    let firstAt: number | undefined;
    let stateNumber = 0;
    visitStates(recorded, seededRandom(printedSeed()), (world) => {
      stateNumber += 1;
      if (faultsIn(world, recorded.intent).length > 0) firstAt ??= stateNumber;
    });
    expect(firstAt).toBeLessThan(100);
  });
});
