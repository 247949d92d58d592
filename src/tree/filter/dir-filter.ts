import type { ByteString } from "../../bytes/byte-string.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { dirsAbove, mergedName, withoutRepetition } from "./merged-files.ts";
import type { PatternPlace } from "./pattern.ts";
import {
  checkFilterLimit,
  type DirMergeRule,
  filterLimits,
  type FilterRule,
  type FilterSide,
  isForSide,
  type PatternRule,
  type RuleSides,
} from "./rule.ts";
import { RuleList, type RuleListOptions } from "./rule-list.ts";
import { type Asked, RuleSet } from "./rule-set.ts";

/** The top of the tree that a filter is asked about. */
export interface FilterTop {
  /**
   * Its absolute path, without the first slash and with one at the end; nothing where rules have to
   * do without.
   */
  readonly base?: ByteString;
  /** Reads a file above the tree by its absolute path; undefined where there is none. */
  readonly readAbove?: (path: ByteString) => Bytes | undefined;
}

/** Reads a file of a directory by its name; undefined where there is none. */
export type ReadBeside = (name: ByteString) => Bytes | undefined;

/** The rules that a directory merged, and those that it has from the directory above. */
interface MergedRules {
  readonly set: RuleSet;
  readonly inherited: MergedRules | undefined;
  /** How many rules both are. */
  readonly count: number;
}

/** What is the same in all directories. */
interface Common {
  readonly side: FilterSide;
  readonly top: FilterTop;
  readonly base: ByteString;
  readonly set: RuleSet;
  readonly options: RuleListOptions;
}

type Merged = ReadonlyMap<DirMergeRule, MergedRules | undefined>;

/** A filter where it stands: the rules for what lies in one directory. */
export class DirFilter {
  readonly #common: Common;
  /** The path of the directory with a slash at its end; nothing at the top. */
  readonly #path: ByteString;
  readonly #merged: Merged;
  /** The merges that were met on the way here; they are known even where they are not inherited. */
  readonly #known: readonly DirMergeRule[];

  private constructor(common: Common, path: ByteString, merged: Merged, known: readonly DirMergeRule[]) {
    this.#common = common;
    this.#path = path;
    this.#merged = merged;
    this.#known = known;
  }

  /** The filter of what stands at the top itself, before any directory is entered. */
  static top(
    rules: readonly FilterRule[],
    side: FilterSide,
    top: FilterTop,
    options: RuleListOptions,
  ): DirFilter {
    const { base = "" } = top;
    const set = new RuleSet(rules, side, { base, lead: "", cut: 0 });
    const merges = rules.filter((rule) => rule.type === "dir-merge");
    return new DirFilter({ side, top, base, set, options }, "", new Map(), merges);
  }

  /**
   * Returns the rule that decides about a name in this directory, if any.
   *
   * @param isDying true in a directory that is being deleted
   */
  find(name: ByteString, isDir: boolean, isDying = false): PatternRule | undefined {
    const asked: Asked = { name, path: this.#path + name, isDir, isDying };
    return this.#common.set.find(asked, (merge) => this.#findMerged(merge, asked));
  }

  /** True for a name that is left out, or spared. */
  excludes(name: ByteString, isDir: boolean, isDying = false): boolean {
    return this.find(name, isDir, isDying)?.isInclude === false;
  }

  /**
   * Returns the filter of a directory in this one.
   *
   * @param name nothing for the top
   * @param read reads the files with rules that are in it
   * @throws USAGE and LIMIT for rules that cannot be read, and what `read` does
   */
  enter(name: ByteString, read: ReadBeside): DirFilter {
    const path = name === "" ? "" : `${this.#path}${name}/`;
    if (this.#known.length === 0) return new DirFilter(this.#common, path, this.#merged, this.#known);
    const known = [...this.#known];
    const merged = new Map<DirMergeRule, MergedRules | undefined>();
    // Merges that are met on the way take their turn at the end.
    for (const merge of known) {
      const above = this.#merged.has(merge) ? this.#merged.get(merge) : this.#lookAbove(merge, path, known);
      merged.set(merge, this.#read(merge, this.#common.base + path, read, above, known));
    }
    return new DirFilter(this.#common, path, merged, known);
  }

  #findMerged(merge: DirMergeRule, asked: Asked): PatternRule | undefined {
    for (let rules = this.#merged.get(merge); rules; rules = rules.inherited) {
      const found = rules.set.find(asked, (inner) => this.#findMerged(inner, asked));
      if (found) return found;
    }
    return undefined;
  }

  /** What the directories above the first one that is entered have. */
  #lookAbove(merge: DirMergeRule, path: ByteString, known: DirMergeRule[]): MergedRules | undefined {
    const { base, top } = this.#common;
    let merged: MergedRules | undefined;
    if (!top.readAbove) return merged;
    for (const dir of dirsAbove(merge, base + path)) {
      const read = (name: ByteString): Bytes | undefined => top.readAbove!(`/${dir}${name}`);
      merged = this.#read(merge, dir, read, merged, known);
    }
    return merged;
  }

  /**
   * Reads what a directory has to merge.
   *
   * @param known gets the merges that are met there
   */
  #read(
    merge: DirMergeRule,
    dir: ByteString,
    read: ReadBeside,
    above: MergedRules | undefined,
    known: DirMergeRule[],
  ): MergedRules | undefined {
    const { options, side } = this.#common;
    const inherited = merge.isInherited ? above : undefined;
    const content = isForSide(merge.reading, side) ? read(mergedName(merge)) : undefined;
    if (!content) return inherited;
    const list = new RuleList({ ...options, isOfDir: true, readFile: (file) => readBeside(file, read) });
    list.addFile(content, this.#placeIn(dir) + mergedName(merge), merge.reading);
    // As with rsync, a merge for the other end alone leaves room for one of the same name.
    const ofSide = list.rules.filter((rule) => isForSide(endsOf(rule), side));
    const rules = withoutRepetition(ofSide, known).map((rule) => below(rule, dir));
    known.push(...rules.filter((rule) => rule.type === "dir-merge"));
    const set = new RuleSet(rules, side, this.#placeOf(dir));
    const kept = list.isCleared ? undefined : inherited;
    const count = rules.length + (kept?.count ?? 0);
    checkFilterLimit("filter rules", count, filterLimits.ruleCount);
    return { set, inherited: kept, count };
  }

  /** The path of a directory for messages: that in the tree where it is in it. */
  #placeIn(dir: ByteString): ByteString {
    const { base } = this.#common;
    return dir.startsWith(base) ? dir.slice(base.length) : `/${dir}`;
  }

  #placeOf(dir: ByteString): PatternPlace {
    const { base } = this.#common;
    return { base, lead: base.slice(dir.length), cut: Math.max(0, dir.length - base.length) };
  }
}

function endsOf(rule: FilterRule): { readonly sides: RuleSides } {
  return rule.type === "pattern" ? rule : rule.reading;
}

/** A merge that is met in a directory is looked for from there on. */
function below(rule: FilterRule, dir: ByteString): FilterRule {
  return rule.type === "pattern" || rule.file.startsWith("/")
    ? rule
    : { ...rule, file: `/${dir}${rule.file}` };
}

function readBeside(file: ByteString, read: ReadBeside): Bytes {
  if (file.includes("/")) throw new SyncError("USAGE", "a file of rules in a tree names one beside it");
  const content = read(file);
  if (!content) throw new SyncError("USAGE", "there is no file of rules beside this one that is named there");
  return content;
}
