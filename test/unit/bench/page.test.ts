import { expect, test } from "vitest";
import { farFigures, pairFigures } from "../../../bench/page/figures.ts";
import { ratioChart } from "../../../bench/page/ratio-chart.ts";
import { bytesTable, farTable, timeTable } from "../../../bench/page/tables.ts";
import { filledPage } from "../../../bench/page/page.ts";
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

test("of a work that was broken off there is no row", () => {
  const whole = [flow("far-x-100", [1], 100), flow("far-x-0", [1], 0)];
  expect(farFigures([...whole, flow("far-y-0", [1], 0)]).length).toBe(1);
  expect(farFigures([flow("far-y-0", [1], 0)])).toEqual([]);
});

test("tables that results have no rows for stay as they are, and all else around them", () => {
  const names = ["machine", "time", "bytes", "far-machine", "far"];
  const page = names.map((name) => `${name}:\n<!-- ${name} -->\n\nold\n\n<!-- end -->\n`).join("");
  const machine = {
    date: "2026-01-02T03:04:05.678Z",
    commit: "c0ffee",
    cpu: "cpu",
    cpuCount: 2,
    memoryBytes: 8e9,
    kernel: "Linux",
    node: "v24.0.0",
    loadAverage: 1,
    fileSystem: "0x0",
    programs: {},
  };
  const around = (text: string): string =>
    text.replaceAll(/(<!-- (?!end)[\w-]+ -->\n)[^]*?(<!-- end -->)/g, "$1$2");
  const fill = (...flows: FlowResult[]): string[] => {
    const filled = filledPage(page, [{ machine, flows }]);
    expect(around(filled)).toBe(around(page));
    return names.filter((name) => !filled.includes(`<!-- ${name} -->\n\nold\n`));
  };
  const far = [flow("far-x-100", [1, 1, 1], 100), flow("far-x-0", [1, 1, 1], 0)];
  expect(fill(...far)).toEqual(["far-machine", "far"]);
  expect(fill(flow("update", [1, 1, 1]))).toEqual(["machine", "time", "bytes"]);
  expect(fill(flow("update", [1, 1, 1]), ...far)).toEqual(names);
  expect(fill()).toEqual([]);
});

test("a chart is well-formed and has every bar", () => {
  const svg = ratioChart("a < b", ["one"], [{ label: "x & y", ratio: 0.013, series: 0 }]);
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain(">x &amp; y</text>");
  expect(svg).toContain(">0.013</text>");
  expect(svg.match(/NaN|Infinity|undefined/)).toBeNull();
});
