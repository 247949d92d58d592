import type { ByteString } from "../../bytes/byte-string.ts";
import { SyncError } from "../../errors.ts";

/** What a filter may be made of. */
export const filterLimits = Object.freeze({
  /** Bytes of a pattern. */
  patternBytes: 4096,
  /** Rules in force at once, those of merged files included. */
  ruleCount: 10_000,
  /** Bytes of a file of rules. */
  fileBytes: 1_048_576,
  /** Files of rules that name each other, from the first to the last. */
  mergeDepth: 16,
});

/** The end of a transfer at which a rule is asked. */
export type FilterSide = "sender" | "receiver";

/** The ends that a rule is for; "any" for a rule that names none. */
export type RuleSides = FilterSide | "both" | "any";

/** Where a rule was read. */
export interface RuleOrigin {
  readonly file: ByteString;
  /** From 1. */
  readonly line: number;
}

/** How the rules in a file are written, and what they are unless they say otherwise. */
export interface RuleReading {
  /**
   * "rules" begin with what they do; "patterns" have nothing in front; "old" ones may begin with
   * `+ ` or `- `; "git" is what Git reads in a `.gitignore`.
   */
  readonly syntax: "rules" | "patterns" | "old" | "git";
  /** What patterns do that do not say it. */
  readonly isInclude: boolean;
  /** True when white space ends a rule, and there are no comments. */
  readonly isWordSplit: boolean;
  /** True when a lone `!` forgets what was before it among patterns, too. */
  readonly mayClear: boolean;
  readonly sides: RuleSides;
  readonly isAbsolute: boolean;
  readonly isPerishable: boolean;
}

/** How rules are read that nothing is said about. */
export const usualReading: RuleReading = Object.freeze({
  syntax: "rules",
  isInclude: false,
  isWordSplit: false,
  mayClear: true,
  sides: "any",
  isAbsolute: false,
  isPerishable: false,
});

/** A rule that decides about the paths its pattern matches. */
export interface PatternRule {
  readonly type: "pattern";
  readonly isInclude: boolean;
  /** At most 4096 bytes; a slash at the end stands for directories alone. */
  readonly pattern: ByteString;
  readonly sides: RuleSides;
  /** True when the rule is about what the pattern does not match. */
  readonly isNegated: boolean;
  /** True when the pattern is about paths from the top of the file system on. */
  readonly isAbsolute: boolean;
  /** True when the rule does not keep a directory that is being deleted. */
  readonly isPerishable: boolean;
  /** True when the rule is about names of extended attributes alone. */
  readonly isForXattrs: boolean;
  /** True when the pattern is read as Git reads it. */
  readonly isGit: boolean;
  readonly origin?: RuleOrigin | undefined;
}

/** The place of the rules that directories have in files of this name. */
export interface DirMergeRule {
  readonly type: "dir-merge";
  /** A name; a path in front says from which directory above the tree on the file is looked for. */
  readonly file: ByteString;
  readonly reading: RuleReading;
  /** True when the rules of a directory are those of the directories below it, too. */
  readonly isInherited: boolean;
  readonly origin?: RuleOrigin | undefined;
}

/** One rule of a filter. */
export type FilterRule = PatternRule | DirMergeRule;

/** Says of a name, and of the path that ends in it, whether a pattern matches. */
export type Match = (name: ByteString, path: ByteString, isDir: boolean) => boolean;

/** True when a rule is one for this end. */
export function isForSide({ sides }: { readonly sides: RuleSides }, side: FilterSide): boolean {
  return sides === "any" || sides === "both" || sides === side;
}

/** Compares with one of the limits. @throws LIMIT */
export function checkFilterLimit(what: string, actual: number, limit: number): void {
  if (actual > limit)
    throw new SyncError("LIMIT", `${actual} ${what} where ${limit} may be`, { detail: { actual, limit } });
}
