import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FlowResult } from "../flow/race.ts";
import type { Results } from "../main.ts";
import { farFigures, type PairFigures, pairFigures } from "./figures.ts";
import { ratioChart } from "./ratio-chart.ts";
import { bytesTable, farTable, machineTable, timeTable } from "./tables.ts";

/**
 * Writes what result files hold into the tables of docs/benchmarks.md, and beside them the charts.
 * What stands around the tables stays, and so does a table, or a chart, that they have no rows for.
 * Of a flow that is in several files, the last counts.
 */
export function writePage(root: string, paths: readonly string[]): void {
  const files = paths.map((path) => JSON.parse(readFileSync(path, "utf8")) as Results);
  const page = join(root, "docs", "benchmarks.md");
  writeFileSync(page, filledPage(readFileSync(page, "utf8"), files));
  const pairs = pairFigures(lastFlows(files));
  if (pairs.length === 0) return;
  for (const { name, title, of } of charts) {
    writeFileSync(join(root, "docs", "images", `bench-${name}.svg`), drawn(title, pairs, of));
  }
}

/** What of results the page shows. */
type ShownResults = Pick<Results, "machine" | "flows">;

/** The page with the tables that these results have rows for. */
export function filledPage(page: string, files: readonly ShownResults[]): string {
  const flows = lastFlows(files);
  const pairs = pairFigures(flows);
  const far = farFigures(flows);
  const machines = (isFar: boolean): string => machineTable(factsOf(files, isFar));
  return fill(page, {
    ...(pairs.length > 0 && { machine: machines(false), time: timeTable(pairs), bytes: bytesTable(pairs) }),
    ...(far.length > 0 && { "far-machine": machines(true), far: farTable(far) }),
  });
}

/** Of each flow the last result. */
function lastFlows(files: readonly ShownResults[]): FlowResult[] {
  return [...new Map(files.flatMap(({ flows }) => flows).map((flow) => [flow.name, flow])).values()];
}

/** The machines of the files that have far flows, or others. */
function factsOf(files: readonly ShownResults[], isFar: boolean): Parameters<typeof machineTable>[0] {
  return files.flatMap(({ machine, flows }) => {
    const own = flows.filter(({ oneWayMs }) => (oneWayMs !== undefined) === isFar);
    return own.length === 0 ? [] : [{ machine, loadAverages: own.map(({ loadAverage }) => loadAverage) }];
  });
}
const charts: readonly { name: string; title: string; of: (pair: PairFigures) => number | undefined }[] = [
  { name: "time", title: "Time, as a multiple of rsync's", of: ({ timeRatio }) => timeRatio[1] },
  {
    name: "cpu",
    title: "Processor time of both ends, as a multiple of rsync's",
    of: ({ cpuRatio }) => cpuRatio,
  },
  {
    name: "bytes",
    title: "Bytes in both directions, as a multiple of rsync's",
    of: ({ bytesRatio }) => bytesRatio,
  },
];

function drawn(
  title: string,
  pairs: readonly PairFigures[],
  of: (pair: PairFigures) => number | undefined,
): string {
  const bars = pairs
    .filter(({ peer }) => peer.name.startsWith("rsync"))
    .flatMap((pair) => {
      const ratio = of(pair);
      const series = pair.peer.name.includes("z") ? 1 : 0;
      const label = `${pair.flow}${pair.ours.name.replace("rsync-stream", "")}`;
      return ratio === undefined || !Number.isFinite(ratio) ? [] : [{ label, ratio, series }];
    });
  return ratioChart(title, ["beside rsync -a", "-z beside rsync -az"], bars);
}

/** Puts each table between its marks. */
function fill(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const marks = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!marks.test(text)) throw new Error(`docs/benchmarks.md has no place for ${name}`);
    return text.replace(marks, (_, open: string, close: string) => `${open}\n${table}\n\n${close}`);
  }, page);
}
