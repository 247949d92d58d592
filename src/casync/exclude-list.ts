import type { ByteString } from "../bytes/byte-string.ts";
import { SyncError } from "../errors.ts";
import { Glob } from "../tree/filter/glob.ts";

/** What a list in a tree is called that says what archives leave out. */
export const excludeListName = ".caexclude";

/** Limits of such lists. */
export const excludeListLimits = Object.freeze({
  /** Bytes of one list. */
  excludeListBytes: 1_048_576,
});

/** A line of a list, as it looks from some directory. */
interface ExcludeRule {
  /** What is left of its pattern: a name each. */
  readonly names: readonly NamePattern[];
  /** True for one that has no slash: it is about names in all directories. */
  readonly isAnywhere: boolean;
  readonly dirsOnly: boolean;
  /** True for one that cancels others. */
  readonly isKept: boolean;
}

/** Matches one name as fnmatch(3) does with FNM_PERIOD: no wildcard stands for a dot in front. */
class NamePattern {
  readonly #glob: Glob;
  readonly #takesDot: boolean;

  constructor(pattern: ByteString) {
    this.#glob = new Glob(pattern);
    this.#takesDot = /^\\?\./.test(pattern);
  }

  matches(name: ByteString): boolean {
    return (this.#takesDot || !name.startsWith(".")) && this.#glob.matches(name, false);
  }
}

/**
 * What the lists of a directory, and of those around it, leave out of an archive, by the rules of
 * casync: a line is a pattern, about any name below the list, or with a slash about the path from
 * its directory on. One with a `!` cancels all others.
 */
export class ExcludeRules {
  /** Leaves out nothing. */
  static readonly none = new ExcludeRules([]);
  readonly #rules: readonly ExcludeRule[];

  private constructor(rules: readonly ExcludeRule[]) {
    this.#rules = rules;
  }

  /** The same with those of a list that lies here. @throws USAGE for a line that names nothing */
  withList(text: ByteString): ExcludeRules {
    const lines = text.split("\n").map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ""));
    const rules = lines.filter((line) => line !== "" && !line.startsWith("#")).map(parseLine);
    return new ExcludeRules([...this.#rules, ...rules]);
  }

  /** Those that hold in a directory that lies here. */
  below(name: ByteString): ExcludeRules {
    const rules = this.#rules.flatMap((rule) => {
      if (rule.isAnywhere) return [rule];
      const [first, ...names] = rule.names;
      return names.length > 0 && first!.matches(name) ? [{ ...rule, names }] : [];
    });
    return rules.length > 0 ? new ExcludeRules(rules) : ExcludeRules.none;
  }

  /** True for a name that lies here and is left out. */
  excludes(name: ByteString, isDir: boolean): boolean {
    const found = this.#rules.filter(
      ({ names, dirsOnly }) => names.length === 1 && (isDir || !dirsOnly) && names[0]!.matches(name),
    );
    return found.length > 0 && !found.some(({ isKept }) => isKept);
  }
}

function parseLine(line: ByteString): ExcludeRule {
  const isKept = line.startsWith("!");
  const pattern = isKept ? line.slice(1) : line;
  const names = pattern.split("/").filter((name) => name !== "");
  if (names.length === 0 || names.includes(".") || names.includes(".."))
    throw new SyncError("USAGE", `a line of ${excludeListName} names nothing`);
  return {
    names: names.map((name) => new NamePattern(name)),
    isAnywhere: !pattern.includes("/"),
    dirsOnly: pattern.endsWith("/"),
    isKept,
  };
}
