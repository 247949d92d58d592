import { byteStringOf } from "../../bytes/byte-string.ts";
import { encodeByteText } from "../../bytes/byte-text.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { createRuleList } from "../../transfer/filter-rules.node.ts";
import { type FilterRule, type RuleReading, usualReading } from "../../tree/filter/rule.ts";
import type { RuleList } from "../../tree/filter/rule-list.ts";

/** What `-C` adds behind all other rules. */
const cvsRules = [":C", "-C"];
/** What `-F` adds the first time, and the second. */
const dirFilterRules = [": /.rsync-filter", "- .rsync-filter"];

/**
 * The rules that options make, which are given as words `NAME=VALUE`.
 *
 * @param isZeroed true where rules in the files that they name end in a zero byte
 * @throws USAGE, LIMIT, NOT_FOUND, IO
 */
export function readFilterWords(words: readonly string[], isZeroed: boolean): readonly FilterRule[] {
  const list = createRuleList({ isZeroed });
  for (const [i, word] of words.entries()) {
    try {
      addTo(list, word, words.slice(0, i));
    } catch (thrown) {
      throw isSyncError(thrown, "USAGE") ? withWord(thrown, word) : thrown;
    }
  }
  if (words.includes("cvs-exclude=")) for (const rule of cvsRules) list.add(rule, usualReading);
  return list.rules;
}

function withWord({ cause, detail, message }: SyncError, word: string): SyncError {
  return new SyncError("USAGE", `--${word}: ${message}`, { cause, detail });
}

/** Adds what one option says. @param before the options before it */
function addTo(list: RuleList, word: string, before: readonly string[]): void {
  const [, name, text] = /^([a-z-]+)=(.*)$/s.exec(word)!;
  const value = byteStringOf(encodeByteText(text!));
  if (name === "filter") list.add(value, usualReading);
  else if (name === "gitignore") list.add(":g .gitignore", usualReading);
  else if (name === "dir-filters")
    list.add(dirFilterRules[before.filter((one) => one === word).length] ?? "", usualReading);
  else if (name === "exclude" || name === "include") list.add(value, oldReading(name === "include"));
  else if (name !== "cvs-exclude") list.merge(value, oldReading(name === "include-from"));
}

/** How rules are written that `--exclude` and `--include` take. */
function oldReading(isInclude: boolean): RuleReading {
  return { ...usualReading, syntax: "old", isInclude };
}
