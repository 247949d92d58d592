import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Size } from "./data/data-set.ts";
import { manifestIn } from "./data/manifest.ts";
import { type PreparedSet, prepareSet, Unmakeable } from "./data/prepare.ts";
import { type Flow, flows } from "./flow/flow.ts";
import { type FlowResult, race } from "./flow/race.ts";
import { setFlows } from "./flow/set-flows.ts";
import { makeWorkbench, measuresMemory } from "./flow/workbench.ts";
import { type MachineFacts, readMachine } from "./machine.ts";
import { printFlow, printRow } from "./report.ts";
import type { BenchRow } from "./row.ts";

export interface BenchOptions {
  /** Root of the checkout. */
  readonly root: string;
  /** The command to measure. */
  readonly cli: string;
  /** Builds it unless it is newer than its source. */
  readonly build: () => Promise<void>;
  /** Run those whose name contains one of these; all when there are none. */
  readonly words: readonly string[];
  /** Contests inside this process, by name. */
  readonly micros: readonly { readonly name: string; readonly load: () => Promise<MicroBench> }[];
  /** Where full sets are kept; unless given, quick ones are made for the run. */
  readonly data?: string;
  /** True for one round of the flows that copy quick sets, and nothing else. */
  readonly quick: boolean;
  readonly long: boolean;
  readonly roundCount: number;
}

/** What a file of bench/micro exports. */
interface MicroBench {
  /**
   * @param cli the command, newly built
   * @param data where full sets are kept, if they are
   */
  run(cli: string, data?: string): Promise<BenchRow[]>;
}

/** What a run found: written to bench/results/ as it is. */
export interface Results {
  readonly machine: MachineFacts;
  /** Of the sets that were copied, unless a flow says otherwise. */
  readonly size: Size;
  readonly micro: (BenchRow & { readonly file: string })[];
  readonly flows: FlowResult[];
  /** Flows whose set could not be made, and why. */
  readonly skipped: string[];
  readonly failures: string[];
}

/**
 * Runs what was asked for, prints it, and writes all figures to bench/results/. False when anything
 * failed.
 */
export async function bench(options: BenchOptions): Promise<boolean> {
  const machine = readMachine(options.root);
  const size = options.data === undefined ? "quick" : "full";
  const results: Results = { machine, size, micro: [], flows: [], skipped: [], failures: [] };
  console.log(
    `${machine.commit}, node ${machine.node}, ${machine.cpuCount} x ${machine.cpu}, ${machine.kernel}`,
  );
  if (machine.loadAverage > 1) {
    const load = machine.loadAverage.toFixed(1);
    console.log(`warning: others work here, which makes figures noisy: the load average is ${load}`);
  }
  await runMicros(options, results);
  await runFlows(options, results);
  console.log(`\nall figures: ${writeResults(options.root, results)}`);
  return results.failures.length === 0;
}

async function runMicros(
  { micros, words, cli, build, quick, data }: BenchOptions,
  results: Results,
): Promise<void> {
  const chosen = quick ? [] : micros.filter(({ name }) => isWanted(name, words));
  if (chosen.length > 0) await build();
  for (const { name, load } of chosen) {
    await attempt(name, results, async () => {
      console.log(`\n${name}: value, how many times the peer's (least to most of the pairs)`);
      for (const row of await (await load()).run(cli, data)) {
        printRow(row);
        results.micro.push({ file: name, ...row });
      }
    });
  }
}

async function runFlows(options: BenchOptions, results: Results): Promise<void> {
  const chosen = flows.filter((flow) => isWanted(flow.name, options.words) && isInScope(flow, options));
  if (chosen.length === 0) return;
  if (process.platform === "win32") return console.log("\nskip: flows need a POSIX shell");
  if (!measuresMemory()) console.log("\nskip: peak memory and processor time, GNU time is not installed");
  await options.build();
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const env = makeWorkbench(folder, options.cli);
  for (const flow of chosen) {
    await attempt(flow.name, results, async () => {
      const set = await prepare(flow, folder, options);
      const roundCount = options.quick ? 1 : options.roundCount;
      const result = await race(flow, { folder, env, roundCount, ...(set === undefined ? {} : { set }) });
      printFlow(result);
      results.flows.push(result);
    });
    writeResults(options.root, results); // what is there is kept when the run is broken off
  }
}

function isInScope(flow: Flow, options: BenchOptions): boolean {
  if (options.quick) return setFlows.includes(flow) && flow.set?.hasQuick !== false;
  return options.long || !flow.long;
}

/** Makes what a flow copies, or finds it where it is kept. */
async function prepare(flow: Flow, folder: string, options: BenchOptions): Promise<PreparedSet | undefined> {
  if (flow.set === undefined) return undefined;
  const size = flow.size ?? (options.data === undefined ? "quick" : "full");
  const made = join(folder, size);
  const kept = size === "full" && options.data !== undefined ? resolve(options.data) : made;
  return prepareSet(flow.set, { folder: kept, size, manifest: manifestIn(options.root) });
}

/** Takes note of a failure; what comes next still runs. */
async function attempt(name: string, results: Results, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    const line = `${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    const isSkip = thrown instanceof Unmakeable;
    (isSkip ? results.skipped : results.failures).push(line);
    console.log(isSkip ? `\nskip: ${line}` : `\nFAILED ${line}`);
  }
}

function writeResults(root: string, results: Results): string {
  const folder = join(root, "bench", "results");
  const { date, commit } = results.machine;
  const path = join(folder, `${date.replaceAll(":", "-").slice(0, 19)}-${commit}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}

function isWanted(name: string, words: readonly string[]): boolean {
  return words.length === 0 || words.some((word) => name.includes(word));
}
