import { setImmediate as turn } from "node:timers/promises";
import { Bench } from "tinybench";
import { median } from "./spread.ts";

/** One comparison: how fast it is beside a peer that was measured in the same run. */
export interface BenchRow {
  readonly name: string;
  readonly peer: string;
  /** How many times the peer's speed, pair by pair. */
  readonly ratios: readonly number[];
  readonly unit: string;
  readonly value: number;
  readonly peerValue: number;
}

export interface Contest {
  readonly name: string;
  /** What it is measured against. */
  readonly peer: string;
  /** What `perRun` counts, each second. */
  readonly unit: string;
  /** How much of that one run does. */
  readonly perRun: number;
  readonly naive: () => unknown;
  readonly fast: () => unknown;
}

const pairCount = 5;
const pairMs = 100;

/** Runs the naive way and the fast one in turn, five times each, and compares them pair by pair. */
export async function compare({ name, peer, unit, perRun, naive, fast }: Contest): Promise<BenchRow> {
  const values: number[] = [];
  const peerValues: number[] = [];
  for (let pair = 0; pair < pairCount; pair++) {
    const warmup = { warmup: pair === 0, warmupTime: pairMs, warmupIterations: 1 };
    const bench = new Bench({ ...warmup, time: pairMs, iterations: 3, throws: true });
    bench.add(peer, naive).add(name, fast);
    await bench.run();
    await turn(); // a bench of synchronous functions gives an interrupt no chance
    const [peerValue, value] = bench.tasks.map(({ result }) => {
      if (result.state !== "completed") throw new Error(`${name}: ${result.state}`);
      return perRun / (result.latency.p50 / 1000);
    });
    values.push(value!);
    peerValues.push(peerValue!);
  }
  const ratios = values.map((value, pair) => value / peerValues[pair]!);
  return { name, peer, ratios, unit, value: median(values), peerValue: median(peerValues) };
}
