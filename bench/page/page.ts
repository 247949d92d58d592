import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "../main.ts";
import { farFigures, type PairFigures, pairFigures } from "./figures.ts";
import { ratioChart } from "./ratio-chart.ts";
import { bytesTable, farTable, machineTable, timeTable } from "./tables.ts";

/**
 * Writes what result files hold into the tables of docs/benchmarks.md, and beside them the charts.
 * What stands around the tables stays. Of a flow that is in several files, the last counts.
 */
export function writePage(root: string, paths: readonly string[]): void {
  const files = paths.map((path) => JSON.parse(readFileSync(path, "utf8")) as Results);
  const flows = [...new Map(files.flatMap((file) => file.flows).map((flow) => [flow.name, flow])).values()];
  const pairs = pairFigures(flows);
  const facts = files.map(({ machine, flows }) => ({
    machine,
    loadAverages: flows.map(({ loadAverage }) => loadAverage),
  }));
  const tables: Readonly<Record<string, string>> = {
    machine: machineTable(facts),
    time: timeTable(pairs),
    bytes: bytesTable(pairs),
    far: farTable(farFigures(flows)),
  };
  const page = join(root, "docs", "benchmarks.md");
  writeFileSync(page, fill(readFileSync(page, "utf8"), tables));
  for (const { name, title, of } of charts) {
    writeFileSync(join(root, "docs", "images", `bench-${name}.svg`), drawn(title, pairs, of));
  }
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
