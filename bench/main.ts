import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flows } from "./flow/flow.ts";
import { type FlowResult, race } from "./flow/race.ts";
import { prepareSources } from "./flow/sources.ts";
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
  readonly data?: string;
  readonly long: boolean;
  readonly roundCount: number;
}

/** What a file of bench/micro exports. */
interface MicroBench {
  /** @param cli the command, newly built */
  run(cli: string): Promise<BenchRow[]>;
}

/** What a run found: written to bench/results/ as it is. */
interface Results {
  readonly machine: MachineFacts;
  /** The folder given as data, or that it was made. */
  readonly data: string;
  readonly micro: (BenchRow & { readonly file: string })[];
  readonly flows: FlowResult[];
  readonly failures: string[];
}

/**
 * Runs what was asked for, prints it, and writes all figures to bench/results/. False when anything
 * failed.
 */
export async function bench(options: BenchOptions): Promise<boolean> {
  const machine = readMachine(options.root);
  const data = options.data ?? "made";
  const results: Results = { machine, data, micro: [], flows: [], failures: [] };
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

async function runMicros({ micros, words, cli, build }: BenchOptions, results: Results): Promise<void> {
  const chosen = micros.filter(({ name }) => isWanted(name, words));
  if (chosen.length > 0) await build();
  for (const { name, load } of chosen) {
    await attempt(name, results, async () => {
      console.log(`\n${name}: value, how many times the peer's (least to most of the pairs)`);
      for (const row of await (await load()).run(cli)) {
        printRow(row);
        results.micro.push({ file: name, ...row });
      }
    });
  }
}

async function runFlows(options: BenchOptions, results: Results): Promise<void> {
  const chosen = flows.filter(({ name, long }) => isWanted(name, options.words) && (options.long || !long));
  if (chosen.length === 0) return;
  if (process.platform === "win32") return console.log("\nskip: flows need a POSIX shell");
  if (!measuresMemory()) console.log("\nskip: peak memory and processor time, GNU time is not installed");
  await options.build();
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const env = makeWorkbench(folder, options.cli);
  const sources = prepareSources(chosen, folder, options.data);
  for (const flow of chosen) {
    await attempt(flow.name, results, async () => {
      const result = await race(flow, { folder, env, sources, roundCount: options.roundCount });
      printFlow(result);
      results.flows.push(result);
    });
  }
}

/** Takes note of a failure; what comes next still runs. */
async function attempt(name: string, { failures }: Results, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    const failure = `${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    failures.push(failure);
    console.log(`\nFAILED ${failure}`);
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
