import { byteStringOf, type ByteString } from "../../bytes/byte-string.ts";
import { printByteString } from "../../bytes/byte-text.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { cvsPatterns } from "./cvs-patterns.ts";
import { parseGitLine } from "./git-lines.ts";
import { type ParsedRule, parseRule } from "./rule-parser.ts";
import {
  checkFilterLimit,
  filterLimits,
  type FilterRule,
  type PatternRule,
  type RuleOrigin,
  type RuleReading,
} from "./rule.ts";

/** What a list of rules is made with. */
export interface RuleListOptions {
  /** True when rules that name no end are for the sender; false unless given. */
  readonly deletesExcluded?: boolean;
  /** True for rules in a file that a directory has; false unless given. */
  readonly isOfDir?: boolean;
  /** Reads a file that a rule merges. Throws when it cannot be read. */
  readonly readFile?: (file: ByteString) => Bytes;
  /** True when rules in merged files end in a zero byte; false unless given. */
  readonly isZeroed?: boolean;
  /** What this user has CVS ignore, beside its usual patterns; nothing unless given. */
  readonly cvsIgnored?: () => readonly Bytes[];
}

/** Rules in the order in which they are asked, with those of merged files in their place. */
export class RuleList {
  readonly rules: FilterRule[] = [];
  /** True once a rule forgot all that was before it. */
  isCleared = false;
  readonly #options: RuleListOptions;
  #depth = 0;
  #cvsReading: RuleReading | undefined;

  constructor(options: RuleListOptions = {}) {
    this.#options = options;
  }

  /** Appends what one text says. @throws USAGE, LIMIT, and what `readFile` does */
  add(text: ByteString, reading: RuleReading, origin?: RuleOrigin): void {
    for (const parsed of readText(text, reading, origin)) this.#take(parsed);
  }

  /** Appends the rules in a file. @throws USAGE, LIMIT, and what `readFile` does */
  addFile(content: Bytes, file: ByteString, reading: RuleReading): void {
    this.#addText(content, file, reading, lineEndOf(reading));
  }

  /** Appends the rules in a file that a rule or an option names. @throws the same, NOT_FOUND */
  merge(file: ByteString, reading: RuleReading): void {
    const { isZeroed = false, readFile } = this.#options;
    if (!readFile) throw new SyncError("USAGE", "no file can be merged here");
    this.#addText(readFile(file), file, reading, isZeroed ? "\0" : lineEndOf(reading));
  }

  #addText(content: Bytes, file: ByteString, reading: RuleReading, end: RegExp | string): void {
    checkFilterLimit("bytes of a file of rules", content.length, filterLimits.fileBytes);
    checkFilterLimit("files of rules in each other", ++this.#depth, filterLimits.mergeDepth);
    const first = this.rules.length;
    for (const { text, line } of readLines(byteStringOf(content).split(end), reading)) {
      const origin = { file, line };
      try {
        this.add(text, reading, origin);
      } catch (thrown) {
        throw withOrigin(thrown, origin);
      }
    }
    if (reading.syntax === "git") this.rules.push(...this.rules.splice(first).reverse()); // the last one decides
    this.#depth -= 1;
  }

  #take(parsed: ParsedRule): void {
    if (parsed.type === "clear") {
      this.rules.length = 0;
      this.isCleared = true;
    } else if (parsed.type === "merge") this.merge(parsed.file, parsed.reading);
    else if (parsed.type === "cvs") this.#addCvs(parsed.reading);
    else if (parsed.type === "self") this.push(this.#selfRule(parsed.rule));
    else this.push(parsed);
  }

  /** In a directory it is a rule of both ends, also where those that name none are the sender's. */
  #selfRule(rule: PatternRule): PatternRule {
    return this.#options.isOfDir === true ? { ...rule, sides: "both" } : rule;
  }

  /** As with rsync, the first rule for them says what all such rules are. */
  #addCvs(given: RuleReading): void {
    const reading = (this.#cvsReading ??= given);
    const usual = { ...reading, isPerishable: true };
    for (const pattern of cvsPatterns) this.add(pattern, usual);
    for (const content of this.#options.cvsIgnored?.() ?? []) this.addFile(content, ".cvsignore", reading);
  }

  /** Appends a rule that was read before. @throws LIMIT */
  push(rule: FilterRule): void {
    const isSender =
      rule.type === "pattern" && rule.sides === "any" && this.#options.deletesExcluded === true;
    this.rules.push(isSender ? { ...rule, sides: "sender" } : rule);
    checkFilterLimit("filter rules", this.rules.length, filterLimits.ruleCount);
  }
}

function readText(text: ByteString, reading: RuleReading, origin?: RuleOrigin): readonly ParsedRule[] {
  return reading.syntax === "git" ? parseGitLine(text, reading, origin) : parseRule(text, reading, origin);
}

function withOrigin(thrown: unknown, { file, line }: RuleOrigin): unknown {
  if (!isSyncError(thrown)) return thrown;
  const { cause, code, detail, message } = thrown;
  // The path is part of the message, for that is all that the other end gets.
  const place = `line ${line} of ${printByteString(file)}`;
  return new SyncError(code, `${place}: ${message}`, { cause, detail });
}

function lineEndOf({ syntax }: RuleReading): RegExp {
  return syntax === "git" ? /\r?(?:\n|$)/ : /\r\n|[\r\n]/;
}

/** The rules in a file with their lines, without comments. */
function* readLines(
  lines: readonly ByteString[],
  { syntax, isWordSplit }: RuleReading,
): Generator<{ readonly text: ByteString; readonly line: number }> {
  for (const [i, text] of lines.entries()) {
    const words = isWordSplit ? text.split(/[ \t-\r]+/) : [text];
    for (const word of words) {
      const isComment = !isWordSplit && (word[0] === "#" || (word[0] === ";" && syntax !== "git"));
      if (word !== "" && !isComment) yield { text: word, line: i + 1 };
    }
  }
}
