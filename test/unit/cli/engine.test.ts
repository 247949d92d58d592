import { expect, it } from "vitest";
import { takesSetting } from "../../../src/cli/engine.ts";

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
