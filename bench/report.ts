import type { FlowResult, Standing } from "./flow/race.ts";
import { cpuSecondsOf, peakBytesOf } from "./flow/standing.ts";
import type { BenchRow } from "./row.ts";
import { median, spread } from "./spread.ts";

/** Prints a contest of two functions. */
export function printRow({ name, peer, ratios, unit, value, peerValue }: BenchRow): void {
  const [least, middle, most] = spread(ratios).map((ratio) => ratio.toFixed(2));
  const times = `${middle} x ${peer} (${peerValue.toPrecision(4)})`;
  console.log(`  ${name.padEnd(34)} ${value.toPrecision(4)} ${unit}, ${times}, ${least} to ${most}`);
}

/** Prints a table of the contenders of a flow, and a line for each pair. */
export function printFlow({ name, title, contents, standings, pairs, skipped }: FlowResult): void {
  const size = contents && `, ${contents.fileCount} files, ${mega(contents.contentBytes)}`;
  console.log(`\n${name}: ${title}${size ?? ""}; ${standings[0]?.laps.length ?? 0} rounds`);
  const head = ["", "least s", "median s", "most s", "wire", "there", "back", "largest process", "cpu s"];
  printColumns([head, ...standings.map(cellsOf)]);
  for (const reason of skipped) console.log(`  skip: ${reason}`);
  for (const [ours, peer] of pairs) printPair(find(standings, ours), find(standings, peer));
}

function printPair(ours: Standing, peer: Standing): void {
  const ratios = ours.laps.map(({ seconds }, round) => seconds / peer.laps[round]!.seconds);
  const [least, middle, most] = spread(ratios).map((ratio) => ratio.toFixed(2));
  const wire =
    ours.wireBytes === undefined || peer.wireBytes === undefined
      ? ""
      : `, ${(ours.wireBytes / peer.wireBytes).toFixed(3)} x the bytes`;
  console.log(`  ${ours.name} takes ${middle} x the time of ${peer.name} (${least} to ${most})${wire}`);
}

function cellsOf(standing: Standing): string[] {
  const { name, laps, wireBytes, wayBytes } = standing;
  const times = spread(laps.map(({ seconds }) => seconds)).map((seconds) => seconds.toFixed(3));
  const peakBytes = peakBytesOf(standing);
  const cpuSeconds = median(laps.map(cpuSecondsOf));
  return [
    name,
    ...times,
    ...[wireBytes, wayBytes?.there, wayBytes?.back].map((bytes) => (bytes === undefined ? "-" : mega(bytes))),
    Number.isNaN(peakBytes) ? "-" : mega(peakBytes),
    Number.isNaN(cpuSeconds) ? "-" : cpuSeconds.toFixed(2),
  ];
}

function printColumns(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  for (const row of rows) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    console.log(`  ${cells.join("  ")}`);
  }
}

function find(standings: readonly Standing[], name: string): Standing {
  return standings.find((standing) => standing.name === name)!;
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e5 ? 4 : 1)} MB`;
}
