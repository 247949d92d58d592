import type { PlanRule } from "../tree/plan/plan-rule.ts";

/** The rule as options of the program, for one at another host. */
export function planWords(rule: PlanRule = {}): readonly string[] {
  const { equality, keepsNewer, maxBytes, minBytes, onlyExisting, onlyNew, windowSec } = rule;
  return [
    ...(equality === "content" ? ["--checksum"] : []),
    ...(equality === "size" ? ["--size-only"] : []),
    ...(keepsNewer === true ? ["--update"] : []),
    ...(onlyExisting === true ? ["--existing"] : []),
    ...(onlyNew === true ? ["--ignore-existing"] : []),
    ...(windowSec === undefined ? [] : [`--modify-window=${windowSec}`]),
    ...(minBytes === undefined ? [] : [`--min-size=${minBytes}`]),
    ...(maxBytes === undefined ? [] : [`--max-size=${maxBytes}`]),
  ];
}
