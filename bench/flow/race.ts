import { rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { startFarHost } from "../far/far-host.ts";
import { findProgram } from "../../test/programs.ts";
import type { Contender } from "./contender.ts";
import { checkCopy, type Contents } from "./copy-check.ts";
import type { Flow } from "./flow.ts";
import { type Lap, runLap } from "./lap.ts";
import type { Sources } from "./sources.ts";
import { clearLap, resetDestination } from "./workbench.ts";

/** Where flows run, and with what. */
export interface Course {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly sources: Sources;
  readonly roundCount: number;
}

/** The laps of one contender, without the first. */
export interface Standing {
  readonly name: string;
  readonly commandLine: string;
  readonly wireBytes?: number;
  readonly laps: readonly Pick<Lap, "seconds" | "programs">[];
}

/** How a flow ended. */
export interface FlowResult {
  readonly name: string;
  readonly title: string;
  /** What was copied. */
  readonly contents?: Contents;
  readonly standings: readonly Standing[];
  readonly pairs: readonly (readonly [ours: string, peer: string])[];
  /** Who could not take part, and why. */
  readonly skipped: readonly string[];
}

/**
 * Lets the contenders of a flow run in turn, round after round. The round before the first warms
 * up, and is where every copy is compared with its source, byte by byte.
 *
 * @throws Error when a contender fails, or its copy is wrong
 */
export async function race(flow: Flow, course: Course): Promise<FlowResult> {
  const missing = new Set(
    flow.pairs.flat().filter(({ needs }) => needs !== undefined && !findProgram(needs)),
  );
  const pairs = flow.pairs.filter((pair) => !pair.some((contender) => missing.has(contender)));
  const field = [...new Set(pairs.flat())].map((contender) => ({ contender, laps: [] as Lap[] }));
  const roundCount = Math.max(course.roundCount, flow.roundCount ?? 0);
  let contents: Contents | undefined;
  await using _far = await makeFar(flow, course);
  if (flow.start === "same") prepare(flow, course);
  for (let round = 0; round <= roundCount; round++) {
    for (const { contender, laps } of field) {
      const lap = await runOnce(flow, contender, course);
      if (round > 0) laps.push(lap);
      else contents = check(flow, course);
    }
  }
  rmSync(join(course.folder, "dest"), { recursive: true, force: true });
  return {
    name: flow.name,
    title: flow.title,
    ...(contents === undefined ? {} : { contents }),
    standings: field.map(({ contender, laps }) => standingOf(contender, laps)),
    pairs: pairs.map(([ours, peer]) => [ours.name, peer.name]),
    skipped: [...missing].map(({ name, needs }) => `${name}: ${needs} is not installed`),
  };
}

/** Puts `./far` into the folder when the flow is one over a long line. */
async function makeFar({ oneWayMs }: Flow, { folder, env }: Course): Promise<AsyncDisposable | undefined> {
  if (oneWayMs === undefined) return undefined;
  const host = await startFarHost(folder, env, { oneWayMs });
  writeFileSync(join(folder, "far"), host.shell, { mode: 0o755 });
  return { [Symbol.asyncDispose]: () => host.close() };
}

async function runOnce(flow: Flow, contender: Contender, course: Course): Promise<Lap> {
  clearLap(course.folder);
  if (flow.start !== "same") prepare(flow, course);
  const env = { ...course.env, ...variables(flow, course) };
  try {
    return await runLap(contender.commandLine, course.folder, env);
  } catch (cause) {
    throw new Error(`${contender.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** What the command lines of contenders name. */
function variables(flow: Flow, { sources }: Course): NodeJS.ProcessEnv {
  if (flow.source === "nothing") return {};
  const { path, isTree } = sources[flow.source];
  if (isTree) return { SRC: `${path}/`, PARENT: path, NAME: "." };
  return { SRC: path, PARENT: dirname(path), NAME: basename(path) };
}

function prepare(flow: Flow, { folder, sources }: Course): void {
  if (flow.source === "nothing") return;
  const { path, oldPath, isTree } = sources[flow.source];
  const from = flow.start === "old" ? oldPath : path;
  if (flow.start === "empty" || from === undefined) resetDestination(folder);
  else if (isTree) resetDestination(folder, { from: `${from}/.`, as: "." });
  else resetDestination(folder, { from, as: basename(path) });
}

function check({ source }: Flow, { folder, sources }: Course): Contents | undefined {
  if (source === "nothing") return undefined;
  const { path, isTree } = sources[source];
  return checkCopy(path, isTree ? join(folder, "dest") : join(folder, "dest", basename(path)));
}

function standingOf({ name, commandLine, wireBytes }: Contender, laps: readonly Lap[]): Standing {
  const last = laps.at(-1);
  return {
    name,
    commandLine,
    ...(wireBytes === undefined || last === undefined ? {} : { wireBytes: wireBytes(last.output) }),
    laps: laps.map(({ seconds, programs }) => ({ seconds, programs })),
  };
}
