import { expect, test } from "vitest";
import { farFigures, pairFigures } from "../../../bench/page/figures.ts";
import { ratioChart } from "../../../bench/page/ratio-chart.ts";
import { bytesTable, farTable, timeTable } from "../../../bench/page/tables.ts";
import type { FlowResult, Standing } from "../../../bench/flow/race.ts";

function standing(name: string, seconds: readonly number[], there: number, back: number): Standing {
  const programs = (each: number) => ({ send: { peakBytes: 50e6, cpuSeconds: each } });
  const laps = seconds.map((each) => ({ seconds: each, programs: programs(each) }));
  return { name, commandLine: name, wayBytes: { there, back }, laps };
}

function flow(name: string, ours: readonly number[], oneWayMs?: number): FlowResult {
  return {
    name,
    title: oneWayMs === undefined ? "work" : `update over a line of ${oneWayMs} ms each way: work`,
    ...(oneWayMs === undefined ? {} : { oneWayMs }),
    standings: [standing("ours", ours, 900, 100), standing("rsync -a", [1, 2, 4], 1500, 500)],
    pairs: [["ours", "rsync -a"]],
    skipped: [],
    loadAverage: 0,
  };
}

test("rounds are compared pair by pair, and what rsync wins is bold", () => {
  const pairs = pairFigures([flow("update", [2, 2, 2]), flow("far-update-0", [1, 1, 1], 0)]);
  expect(pairs).toHaveLength(1);
  expect(pairs[0]).toMatchObject({ timeRatio: [0.5, 1, 2], cpuRatio: 1, bytesRatio: 0.5 });
  expect(timeTable(pairs)).toContain("| 3 | 2.00 / 2.00 | 1.00 (0.50 to 2.00) |");
  expect(timeTable(pairFigures([flow("update", [3, 4, 8])]))).toContain("**2.00** (2.00 to 3.00)");
  expect(bytesTable(pairs)).toContain("| 900 B / 1.5 kB | 100 B / 500 B | 0.50 |");
});

test("round trips are what the longest line adds", () => {
  const far = farFigures([flow("far-x-100", [1, 1, 1], 100), flow("far-x-0", [0.5, 0.5, 0.5], 0)]);
  expect(far).toMatchObject([{ title: "update: work", roundTrips: { ours: 2.5, peer: 0 } }]);
  expect(farTable(far)).toContain("| update: work | 0.50 / 2.00 | 1.00 / 2.00 | 2.5 / 0.0 |");
});

test("a chart is well-formed and has every bar", () => {
  const svg = ratioChart("a < b", ["one"], [{ label: "x & y", ratio: 0.013, series: 0 }]);
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain(">x &amp; y</text>");
  expect(svg).toContain(">0.013</text>");
  expect(svg.match(/NaN|Infinity|undefined/)).toBeNull();
});
