import { execFileSync } from "node:child_process";
import { buildSync } from "esbuild";
import { expect, it, vi } from "vitest";
import { prepareForSession, takesSetting } from "../../../src/cli/engine.ts";
import { pass, stopTime } from "../../simulated-time.ts";

const engine = vi.hoisted(() => ({ set: vi.fn<(flag: string) => void>(), heapBytes: 0, youngBytes: 0 }));
vi.mock("node:v8", () => ({
  setFlagsFromString: engine.set,
  getHeapStatistics: () => ({ total_heap_size: engine.heapBytes }),
  getHeapSpaceStatistics: () => [{ space_name: "new_space", space_size: engine.youngBytes }],
}));

it.each([
  ["11.3.244.8-node.38", true, true],
  ["12.4.254.21-node.57", false, true],
  ["14.6.202.34-node.34", false, true],
  ["14.10.1", false, false],
  ["15.0.245.2-rusty", false, false],
  ["10.2.154", false, false],
  ["", false, false],
  ["JavaScriptCore", false, false],
])("V8 %s takes only what was tried in it", (version, budget, growth) => {
  expect(takesSetting("--interrupt-budget", version)).toBe(budget);
  expect(takesSetting("--semi-space-growth-factor", version)).toBe(growth);
  expect(takesSetting("--heap-growing-percent", version)).toBe(growth);
});

it("sets for a session what is due, after the start, and each once", async () => {
  const dueAfter = async (ms: number): Promise<string[]> => {
    engine.set.mockClear();
    await pass(ms);
    return engine.set.mock.calls.map(([flag]) => flag).filter((flag) => !flag.includes("budget"));
  };
  stopTime();
  prepareForSession("duplex");
  expect(await dueAfter(99)).toEqual([]);
  expect(await dueAfter(1)).toEqual(["--semi-space-growth-factor=4"]);
  engine.youngBytes = (8 << 20) - 1;
  engine.heapBytes = (48 << 20) - 1;
  expect(await dueAfter(1000)).toEqual([]);
  engine.youngBytes++;
  expect(await dueAfter(1000)).toEqual(["--semi-space-growth-factor=1"]);
  engine.heapBytes++;
  expect(await dueAfter(1000)).toEqual(["--heap-growing-percent=20"]);
});

it.each(["session", "fetch", "listings"])(
  "takes code at the exit that was compiled at the start: %s",
  (work) => {
    const { outputFiles } = buildSync({
      entryPoints: [new URL("engine-at-exit.ts", import.meta.url).pathname],
      bundle: true,
      write: false,
      format: "cjs",
      platform: "node",
      target: "node20",
    });
    const args = ["-e", outputFiles[0]!.text, work];
    const outcome: unknown = JSON.parse(
      execFileSync(process.execPath, args, { encoding: "utf8", timeout: 120_000 }),
    );
    expect(outcome).toEqual({ atStart: true, whileSet: false, atExit: true });
  },
);
