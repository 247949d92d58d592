import { spawn } from "node:child_process";
import { once } from "node:events";
import type { BenchRow } from "./row.ts";
import { median } from "./spread.ts";

/** Who moves so many bytes, and beside whom. */
interface RateRace extends Pick<BenchRow, "name" | "peer"> {
  readonly bytes: number;
  readonly roundCount: number;
  /** Return the seconds that it took. */
  readonly own: () => Promise<number>;
  readonly other: () => Promise<number>;
}

/** Compares how many bytes a second two ways move, which take turns. */
export async function raceRates({ name, peer, bytes, roundCount, own, other }: RateRace): Promise<BenchRow> {
  const values: number[] = [];
  const peerValues: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    values.push(bytes / 1e6 / (await own()));
    peerValues.push(bytes / 1e6 / (await other()));
  }
  const ratios = values.map((value, round) => value / peerValues[round]!);
  return { name, peer, ratios, unit: "MB/s", value: median(values), peerValue: median(peerValues) };
}

/** Runs a program of Node to its end; returns the seconds it took. @throws Error when it fails */
export async function timed(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const [code] = (await once(spawn(process.execPath, args, { stdio: "ignore" }), "close")) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return (performance.now() - began) / 1000;
}
