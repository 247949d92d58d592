import type { ByteString } from "../../bytes/byte-string.ts";
import {
  checkFilterLimit,
  filterLimits,
  type PatternRule,
  type RuleOrigin,
  type RuleReading,
} from "./rule.ts";

/**
 * Reads a line of a `.gitignore`: `!` in front includes, and spaces at the end do not count unless
 * a backslash precedes them.
 *
 * @throws LIMIT
 */
export function parseGitLine(
  line: ByteString,
  { sides, isPerishable }: RuleReading,
  origin?: RuleOrigin,
): readonly PatternRule[] {
  const isInclude = line[0] === "!";
  const pattern = withoutSpaces(isInclude ? line.slice(1) : line);
  if (pattern === "") return [];
  checkFilterLimit("bytes of a pattern", pattern.length, filterLimits.patternBytes);
  const facts = { isAbsolute: false, isNegated: false, isForXattrs: false, isPerishable, isGit: true };
  return [{ type: "pattern", isInclude, pattern, sides, ...facts, origin }];
}

function withoutSpaces(text: ByteString): ByteString {
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === " ") continue;
    if (text[at] === "\\") at += 1;
    end = at + 1;
  }
  return text.slice(0, end);
}
