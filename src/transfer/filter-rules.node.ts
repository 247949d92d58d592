import fs from "node:fs";
import { homedir } from "node:os";
import { bytesOfString } from "../bytes/byte-string.ts";
import { decodeByteText, encodeByteText } from "../bytes/byte-text.ts";
import { readToEnd } from "../bytes/waiting-read.node.ts";
import { isSyncError, nothingAt } from "../errors.ts";
import { nativePath, printPath, type ByteString } from "../tree/disk/calls/byte-string.node.ts";
import { fileTrouble } from "../tree/disk/calls/file-trouble.node.ts";
import { type FilterSide, isForSide } from "../tree/filter/rule.ts";
import { RuleList, type RuleListOptions } from "../tree/filter/rule-list.ts";
import { ruleText } from "../tree/filter/rule-text.ts";
import { createTreeFilter, type TreeFilter } from "../tree/filter/tree-filter.ts";
import type { Bytes } from "../types.ts";
import type { FilterOptions } from "./filter-options.ts";

const surroundings = { readFile: readMerged, cvsIgnored };

/** An empty list of rules that may merge files. */
export function createRuleList(options: Pick<RuleListOptions, "isZeroed">): RuleList {
  return new RuleList({ ...surroundings, ...options });
}

/** The filter that rules make. @throws USAGE, LIMIT, NOT_FOUND, IO */
export function filterOf({ filter = [], deletesExcluded = false }: FilterOptions): TreeFilter {
  const rules = filter.map((rule) => (typeof rule === "string" ? encodeByteText(rule) : rule));
  return createTreeFilter(rules, { ...surroundings, deletesExcluded });
}

/** The rules for an end as texts of `--filter`, for who reads them there. */
export function filterTexts({ rules }: TreeFilter, side: FilterSide): readonly string[] {
  return rules
    .filter((rule) => isForSide(rule.type === "pattern" ? rule : rule.reading, side))
    .map((rule) => decodeByteText(bytesOfString(ruleText(rule))));
}

/** Reads a file that a rule names, or standard input for `-`. @throws NOT_FOUND, IO */
export function readMerged(file: ByteString): Bytes {
  try {
    return readToEnd(file === "-" ? 0 : nativePath(file));
  } catch (thrown) {
    const trouble = fileTrouble(thrown, printPath(file));
    if (!isSyncError(trouble, "VANISHED")) throw trouble;
    throw nothingAt(printPath(file), thrown);
  }
}

/** What this user has CVS ignore everywhere. */
function cvsIgnored(): readonly Bytes[] {
  const home = `${homedir()}/.cvsignore`;
  const known = fs.existsSync(home) ? [fs.readFileSync(home)] : [];
  return [...known, Buffer.from(process.env["CVSIGNORE"] ?? "")];
}
