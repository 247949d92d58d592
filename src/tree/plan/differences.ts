import { equalBytes } from "../../bytes/compare.ts";
import type { ChangedFact, Entry } from "../entry/entry.ts";
import { countsAsSameTime, isSameMode, type Keeping, type Standing } from "./comparison.ts";
import type { PlanRule } from "./plan-rule.ts";

/** What `compareEntry` looks at. */
export const comparedFacts: ReadonlySet<ChangedFact> = new Set(["kind", "content", "size", "time", "mode"]);

/**
 * How an entry differs from what stands in its place, but for facts that are kept only when they
 * are asked for. The content of a file counts when nothing but that tells it from another.
 */
export function differencesOf(
  entry: Entry,
  there: Standing | undefined,
  keeping: Keeping,
  rule: PlanRule = {},
): readonly ChangedFact[] {
  if (there === undefined) return [];
  if (there.kind !== entry.kind) return ["kind"];
  const { kind, size, target } = entry;
  const facts: readonly (readonly [ChangedFact, boolean])[] = [
    ["content", kind === "symlink" && !equalBytes(there.target!, target!)],
    ["content", kind === "file" && (size > 0 || there.size > 0) && rule.equality === "content"],
    ["size", kind === "file" && there.size !== size],
    ["time", !countsAsSameTime(there, entry, keeping, rule)],
    ["mode", kind !== "symlink" && !isSameMode(there, entry, keeping)],
  ];
  return facts.filter(([, differs]) => differs).map(([fact]) => fact);
}
