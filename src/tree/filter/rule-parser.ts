import type { ByteString } from "../../bytes/byte-string.ts";
import { SyncError } from "../../errors.ts";
import {
  checkFilterLimit,
  type DirMergeRule,
  filterLimits,
  type PatternRule,
  type RuleOrigin,
  type RuleReading,
  type RuleSides,
  usualReading,
} from "./rule.ts";

/** What stands in a line of rules: a rule, or what to do with the list of them. */
export type ParsedRule =
  /** What leaves out a file of rules itself. */
  | { readonly type: "self"; readonly rule: PatternRule }
  | PatternRule
  | DirMergeRule
  | { readonly type: "merge"; readonly file: ByteString; readonly reading: RuleReading }
  /** The patterns that CVS ignores, in this place. */
  | { readonly type: "cvs"; readonly reading: RuleReading }
  | { readonly type: "clear" };

const kinds = [
  "exclude",
  "include",
  "merge",
  "dir-merge",
  "hide",
  "show",
  "protect",
  "risk",
  "clear",
] as const;
type Kind = (typeof kinds)[number];

const shortNames: Readonly<Record<string, Kind>> = {
  "-": "exclude",
  "+": "include",
  ".": "merge",
  ":": "dir-merge",
  H: "hide",
  S: "show",
  P: "protect",
  R: "risk",
  "!": "clear",
};

const sideOf: Partial<Record<Kind, RuleSides>> = {
  hide: "sender",
  show: "sender",
  protect: "receiver",
  risk: "receiver",
};

/** A rule in parts: `KIND,MODIFIERS ARGUMENT`. */
interface RuleParts {
  readonly kind: Kind;
  readonly modifiers: string;
  readonly argument: ByteString;
}

/** What modifiers say. */
interface Modified {
  reading: RuleReading;
  isNegated: boolean;
  isForXattrs: boolean;
  isInherited: boolean;
  excludesSelf: boolean;
  isCvs: boolean;
}

/**
 * Reads the text of one rule. Returns none for an empty one, and two for a file that is merged and
 * excluded. Errors do not repeat the text, which may be from a file that is nobody's business.
 *
 * @param reading how it is written, and what it is unless it says otherwise
 * @throws USAGE, LIMIT for a pattern that is too long
 */
export function parseRule(
  text: ByteString,
  reading: RuleReading,
  origin?: RuleOrigin,
): readonly ParsedRule[] {
  if (text === "") return [];
  if (reading.syntax !== "rules") return [parsePattern(text, reading, origin)];
  const { kind, modifiers, argument } = splitRule(text, reading.isWordSplit);
  if (kind === "clear") {
    if (argument !== "") throw faulty("nothing may follow the rule that clears");
    return [{ type: "clear" }];
  }
  const modified = readModifiers(kind, modifiers, reading);
  if (kind === "merge" || kind === "dir-merge") return mergeRules(kind, argument, modified, origin);
  if (modified.isCvs) return [{ type: "cvs", reading: { ...modified.reading, ...cvsReading } }];
  if (argument === "") throw faulty("a filter rule ends too early");
  return [patternRule(argument, modified.reading, modified, origin)];
}

function faulty(message: string): SyncError {
  return new SyncError("USAGE", message);
}

function parsePattern(text: ByteString, reading: RuleReading, origin?: RuleOrigin): ParsedRule {
  if (text === "!" && reading.mayClear) return { type: "clear" };
  const sign = reading.syntax === "old" ? /^[+-] /.exec(text)?.[0] : undefined;
  if (sign === undefined) return patternRule(text, reading, {}, origin);
  const pattern = text.slice(sign.length);
  if (pattern === "") throw faulty("a filter rule ends too early");
  return patternRule(pattern, { ...reading, isInclude: sign === "+ " }, {}, origin);
}

/** How a file is read in the manner of CVS. */
const cvsReading = { syntax: "patterns", isWordSplit: true, mayClear: true } as const;

function mergeRules(
  kind: "merge" | "dir-merge",
  argument: ByteString,
  { reading, isInherited, excludesSelf, isCvs }: Modified,
  origin?: RuleOrigin,
): readonly ParsedRule[] {
  const file = argument === "" && isCvs ? ".cvsignore" : argument;
  if (file === "") throw faulty("a filter rule ends too early");
  if (/(?:^|\/)(?:\.\.?)?$/.test(file)) throw faulty("a file of rules is no directory");
  checkFilterLimit("bytes of a path", file.length, filterLimits.patternBytes);
  const merge: ParsedRule =
    kind === "merge"
      ? { type: "merge", file, reading }
      : { type: "dir-merge", file, reading, isInherited, origin };
  if (!excludesSelf) return [merge];
  const rule = patternRule(file.slice(file.lastIndexOf("/") + 1), usualReading, {}, origin);
  return [{ type: "self", rule }, merge];
}

function patternRule(
  pattern: ByteString,
  { isInclude, sides, isAbsolute, isPerishable }: RuleReading,
  {
    isNegated = false,
    isForXattrs = false,
  }: { readonly isNegated?: boolean; readonly isForXattrs?: boolean },
  origin?: RuleOrigin,
): PatternRule {
  checkFilterLimit("bytes of a pattern", pattern.length, filterLimits.patternBytes);
  const facts = { isInclude, sides, isAbsolute, isPerishable, isNegated, isForXattrs };
  return { type: "pattern", pattern, ...facts, isGit: false, origin };
}

/** Takes a rule apart. What parts its pattern from what is in front is one space or underscore. */
function splitRule(text: ByteString, isWordSplit: boolean): RuleParts {
  const long = /^[a-z][a-z-]*(?=[\s_,]|$)/.exec(text)?.[0];
  const kind = kinds.find((name) => name === long) ?? shortNames[text[0]!];
  if (kind === undefined) throw faulty('this is no filter rule; one that leaves out begins with "- "');
  const nameEnd = kind === long ? long.length : 1;
  const from = text[nameEnd] === "," ? nameEnd + 1 : nameEnd;
  if (kind === "clear") return { kind, modifiers: "", argument: text.slice(from) };
  let end = from;
  while (end < text.length && text[end] !== " " && text[end] !== "_") {
    if (isWordSplit && /\s/.test(text[end]!)) break;
    end += 1;
  }
  return { kind, modifiers: text.slice(from, end), argument: text.slice(end + 1) };
}

function readModifiers(kind: Kind, modifiers: string, outer: RuleReading): Modified {
  const inner: RuleReading = {
    ...usualReading,
    isInclude: kind === "include" || kind === "show" || kind === "risk",
    sides: sideOf[kind] ?? "any",
    isAbsolute: outer.isAbsolute,
    isPerishable: outer.isPerishable,
  };
  const modified: Modified = {
    reading: inner,
    isNegated: false,
    isForXattrs: false,
    isInherited: true,
    excludesSelf: false,
    isCvs: false,
  };
  for (const modifier of modifiers) {
    const isFit = modify(modified, modifier, kind);
    if (!isFit) throw faulty("a filter rule has a modifier that it cannot have");
  }
  modified.reading = { ...modified.reading, sides: sidesIn(modified.reading.sides, outer.sides) };
  return modified;
}

/** The ends that a rule is for in a file that may be for one of them. */
function sidesIn(inner: RuleSides, outer: RuleSides): RuleSides {
  if (outer === "any") return inner;
  if (inner !== "any") throw faulty("a rule names an end, and so does the rule that merges its file");
  return outer;
}

/** Applies one modifier; false when the rule cannot have it. */
function modify(modified: Modified, modifier: string, kind: Kind): boolean {
  const isMerge = kind === "merge" || kind === "dir-merge";
  const hasSide = sideOf[kind] !== undefined;
  const { reading } = modified;
  const change = (changes: Partial<RuleReading>): boolean => {
    modified.reading = { ...reading, ...changes };
    return true;
  };
  const hasSyntax = reading.syntax !== "rules" || modified.isCvs;
  switch (modifier) {
    case "-":
    case "+":
      return (
        isMerge && !hasSyntax && change({ syntax: "patterns", isInclude: modifier === "+", mayClear: false })
      );
    case "g":
      return kind === "dir-merge" && !hasSyntax && change({ syntax: "git" });
    case "C":
      if (hasSide || hasSyntax) return false;
      modified.isCvs = true;
      if (!isMerge) return true;
      modified.isInherited = false;
      return change(cvsReading);
    case "w":
      return isMerge && change({ isWordSplit: true });
    case "s":
    case "r":
      return !hasSide && change({ sides: addSide(reading.sides, modifier === "s" ? "sender" : "receiver") });
    case "p":
      return change({ isPerishable: true });
    case "/":
      return change({ isAbsolute: true });
    case "x":
      modified.isForXattrs = true;
      return true;
    case "!":
      modified.isNegated = true;
      return !isMerge;
    case "n":
      modified.isInherited = false;
      return isMerge;
    case "e":
      modified.excludesSelf = true;
      return isMerge;
    default:
      return false;
  }
}

function addSide(sides: RuleSides, side: "sender" | "receiver"): RuleSides {
  return sides === "any" || sides === side ? side : "both";
}
