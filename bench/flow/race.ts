import { rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { basename, dirname, join } from "node:path";
import { type FarHost, startFarHost } from "../far/far-host.ts";
import { findProgram } from "../../test/programs.ts";
import type { PreparedSet } from "../data/prepare.ts";
import type { Contender } from "./contender.ts";
import { checkCopy, type Contents } from "./copy-check.ts";
import type { Flow } from "./flow.ts";
import { type Lap, runLap } from "./lap.ts";
import { clearLap, resetDestination } from "./workbench.ts";

/** Where flows run, and with what. */
export interface Course {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What is copied, unless the flow copies nothing. */
  readonly set?: PreparedSet;
  readonly roundCount: number;
}

/** Bytes that went to the other end, and that came back. */
export type WayBytes = ReturnType<FarHost["bytes"]>;

/** The laps of one contender, without the first. */
export interface Standing {
  readonly name: string;
  readonly commandLine: string;
  /** Both directions together, by what the contender said. */
  readonly wireBytes?: number;
  /** Each direction, counted on the way. */
  readonly wayBytes?: WayBytes;
  readonly laps: readonly Pick<Lap, "seconds" | "programs">[];
}

/** How a flow ended. */
export interface FlowResult {
  readonly name: string;
  readonly title: string;
  readonly oneWayMs?: number;
  /** What was copied. */
  readonly contents?: Contents;
  readonly standings: readonly Standing[];
  readonly pairs: readonly (readonly [ours: string, peer: string])[];
  /** Who could not take part, and why. */
  readonly skipped: readonly string[];
  /** Of the machine, in the minute before the end. */
  readonly loadAverage: number;
}

interface Entrant {
  readonly contender: Contender;
  readonly laps: Lap[];
  wayBytes?: WayBytes;
}

/**
 * Lets the contenders of a flow run in turn, round after round. The round before the first warms
 * up, goes over a line that counts what travels, and is where every copy is compared with its
 * source, byte by byte.
 *
 * @throws Error when a contender fails, or its copy is wrong
 */
export async function race(flow: Flow, course: Course): Promise<FlowResult> {
  const missing = new Set(
    flow.pairs.flat().filter(({ needs }) => needs !== undefined && !findProgram(needs)),
  );
  const pairs = flow.pairs.filter((pair) => !pair.some((contender) => missing.has(contender)));
  const field = [...new Set(pairs.flat())].map((contender): Entrant => ({ contender, laps: [] }));
  const roundCount = Math.max(course.roundCount, flow.roundCount ?? 0);
  const far = await startFarHost(course.folder, course.env, { oneWayMs: flow.oneWayMs ?? 0 });
  await using _far = { [Symbol.asyncDispose]: () => far.close() };
  writeFileSync(join(course.folder, "far"), far.shell, { mode: 0o755 });
  if (flow.start === "same") prepare(flow, course);
  const contents = await warmUp(flow, field, far, course);
  for (let round = 0; round < roundCount; round++) {
    for (const { contender, laps } of field)
      laps.push(await runOnce(flow, contender, contender.commandLine, course));
  }
  rmSync(join(course.folder, "dest"), { recursive: true, force: true });
  return {
    name: flow.name,
    title: flow.title,
    ...(flow.oneWayMs === undefined ? {} : { oneWayMs: flow.oneWayMs }),
    ...(contents === undefined ? {} : { contents }),
    standings: field.map(standingOf),
    pairs: pairs.map(([ours, peer]) => [ours.name, peer.name]),
    skipped: [...missing].map(({ name, needs }) => `${name}: ${needs} is not installed`),
    loadAverage: loadavg()[0] ?? 0,
  };
}

async function warmUp(
  flow: Flow,
  field: readonly Entrant[],
  far: FarHost,
  course: Course,
): Promise<Contents | undefined> {
  let contents: Contents | undefined;
  for (const entrant of field) {
    const { contender } = entrant;
    const before = far.bytes();
    await runOnce(flow, contender, contender.overFar ?? contender.commandLine, course);
    const after = far.bytes();
    if (contender.overFar !== undefined)
      entrant.wayBytes = { there: after.there - before.there, back: after.back - before.back };
    contents = check(course);
  }
  return contents;
}

async function runOnce(flow: Flow, { name }: Contender, commandLine: string, course: Course): Promise<Lap> {
  clearLap(course.folder);
  if (flow.start !== "same") prepare(flow, course);
  const env = { ...course.env, ...variables(course) };
  try {
    return await runLap(commandLine, course.folder, env);
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** What the command lines of contenders name. */
function variables({ set }: Course): NodeJS.ProcessEnv {
  if (set === undefined) return {};
  const { path, isTree } = set;
  if (isTree) return { SRC: `${path}/`, PARENT: path, NAME: "." };
  return { SRC: path, PARENT: dirname(path), NAME: basename(path) };
}

function prepare({ start }: Flow, { folder, set }: Course): void {
  if (set === undefined) return;
  const from = start === "old" ? set.oldPath : set.path;
  if (start === "empty" || from === undefined) resetDestination(folder);
  else if (set.isTree) resetDestination(folder, { from: `${from}/.`, as: "." });
  else resetDestination(folder, { from, as: basename(set.path) });
}

function check({ folder, set }: Course): Contents | undefined {
  if (set === undefined) return undefined;
  const { path, isTree } = set;
  return checkCopy(path, isTree ? join(folder, "dest") : join(folder, "dest", basename(path)));
}

function standingOf({ contender, laps, wayBytes }: Entrant): Standing {
  const { name, commandLine, wireBytes } = contender;
  const last = laps.at(-1);
  return {
    name,
    commandLine,
    ...(wireBytes === undefined || last === undefined ? {} : { wireBytes: wireBytes(last.output) }),
    ...(wayBytes === undefined ? {} : { wayBytes }),
    laps: laps.map(({ seconds, programs }) => ({ seconds, programs })),
  };
}
