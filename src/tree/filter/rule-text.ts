import type { ByteString } from "../../bytes/byte-string.ts";
import type { DirMergeRule, FilterRule, PatternRule, RuleSides } from "./rule.ts";

/** A rule as it is written behind `--filter`: read again, it is the same rule. */
export function ruleText(rule: FilterRule): ByteString {
  return rule.type === "pattern" ? patternText(rule) : mergeText(rule);
}

const sideModifiers: Readonly<Record<RuleSides, string>> = {
  any: "",
  sender: "s",
  receiver: "r",
  both: "sr",
};

function patternText(rule: PatternRule): ByteString {
  const modifiers = [
    rule.isAbsolute && "/",
    rule.isNegated && "!",
    rule.isForXattrs && "x",
    sideModifiers[rule.sides],
    rule.isPerishable && "p",
  ];
  return `${rule.isInclude ? "+" : "-"}${modifiers.filter(Boolean).join("")} ${rule.pattern}`;
}

function mergeText({ file, isInherited, reading }: DirMergeRule): ByteString {
  const isCvs = reading.syntax === "patterns" && reading.mayClear;
  const plainSyntax = reading.isInclude ? "+" : "-";
  const modifiers = [
    isCvs && "C",
    reading.syntax === "git" && "g",
    reading.syntax === "patterns" && !isCvs && plainSyntax,
    !isCvs && reading.isWordSplit && "w",
    !isCvs && !isInherited && "n",
    reading.isAbsolute && "/",
    sideModifiers[reading.sides],
    reading.isPerishable && "p",
  ];
  return `:${modifiers.filter(Boolean).join("")} ${file}`;
}
