import { Bench } from "tinybench";

/** One comparison: how fast it is beside a peer that was measured in the same run. */
export interface BenchRow {
  readonly name: string;
  readonly peer: string;
  /** How many times the peer's speed. */
  readonly ratio: number;
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

/** Runs the naive way, then the fast one, and compares their medians. */
export async function compare({ name, peer, unit, perRun, naive, fast }: Contest): Promise<BenchRow> {
  const bench = new Bench({ time: 500, warmupTime: 200, iterations: 5, throws: true });
  bench.add(peer, naive).add(name, fast);
  await bench.run();
  const [peerValue, value] = bench.tasks.map(({ result }) => {
    if (result.state !== "completed") throw new Error(`${name}: ${result.state}`);
    return perRun / (result.latency.p50 / 1000);
  });
  return { name, peer, ratio: value! / peerValue!, unit, value: value!, peerValue: peerValue! };
}
