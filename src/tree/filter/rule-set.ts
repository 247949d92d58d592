import type { ByteString } from "../../bytes/byte-string.ts";
import { compilePattern, type PatternPlace, plainName } from "./pattern.ts";
import {
  type DirMergeRule,
  type FilterRule,
  type FilterSide,
  isForSide,
  type Match,
  type PatternRule,
} from "./rule.ts";

/** A path that rules are asked about. */
export interface Asked {
  readonly name: ByteString;
  /** From the top of the tree on, with the name at its end. */
  readonly path: ByteString;
  readonly isDir: boolean;
  /** True in a directory that is being deleted, where perishable rules do not count. */
  readonly isDying: boolean;
}

interface CompiledRule {
  readonly rule: PatternRule;
  readonly match: Match;
}

/** A rule, a row of rules that are about one name each, or a place of other rules. */
type Step =
  CompiledRule | { readonly byName: Map<ByteString, CompiledRule[]> } | { readonly merge: DirMergeRule };

/** Rules of one end, ready to be asked. */
export class RuleSet {
  readonly #steps: Step[] = [];

  /** @param place what the patterns are held against */
  constructor(rules: readonly FilterRule[], side: FilterSide, place: PatternPlace) {
    for (const rule of rules) {
      if (rule.type === "dir-merge") this.#steps.push({ merge: rule });
      else if (isForSide(rule, side)) this.#add({ rule, match: compilePattern(rule, place) });
    }
  }

  /**
   * Returns the first rule that matches.
   *
   * @param merged finds it among the rules that stand in the place of a merge
   */
  find(asked: Asked, merged: (merge: DirMergeRule) => PatternRule | undefined): PatternRule | undefined {
    for (const step of this.#steps) {
      const found = "merge" in step ? findMerged(step.merge, asked, merged) : findIn(step, asked);
      if (found) return found;
    }
    return undefined;
  }

  /** A thousand names in a row are one look into a map. */
  #add(compiled: CompiledRule): void {
    const name = plainName(compiled.rule);
    const last = this.#steps.at(-1);
    if (name === undefined) this.#steps.push(compiled);
    else if (last && "byName" in last) addTo(last.byName, name, compiled);
    else this.#steps.push({ byName: new Map([[name, [compiled]]]) });
  }
}

function addTo(byName: Map<ByteString, CompiledRule[]>, name: ByteString, compiled: CompiledRule): void {
  const same = byName.get(name);
  if (same) same.push(compiled);
  else byName.set(name, [compiled]);
}

/** A merge that is perishable counts for nothing there, with all that is in its files. */
function findMerged(
  merge: DirMergeRule,
  { isDying }: Asked,
  merged: (merge: DirMergeRule) => PatternRule | undefined,
): PatternRule | undefined {
  return isDying && merge.reading.isPerishable ? undefined : merged(merge);
}

function findIn(step: Exclude<Step, { merge: DirMergeRule }>, asked: Asked): PatternRule | undefined {
  if (!("byName" in step)) return matches(step, asked) ? step.rule : undefined;
  return step.byName.get(asked.name)?.find((one) => matches(one, asked))?.rule;
}

function matches({ rule, match }: CompiledRule, { name, path, isDir, isDying }: Asked): boolean {
  return !(isDying && rule.isPerishable) && match(name, path, isDir);
}
