import { concatBytes, equalBytes } from "../../bytes/compare.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { Glob } from "./glob.ts";

/** What becomes of a path that a pattern matches. */
export interface FilterRule {
  readonly action: "include" | "exclude";
  /** A pattern as rsync reads it, at most 4096 bytes. */
  readonly pattern: Bytes;
}

/** Says of a path whether it is left out. */
export interface PathFilter {
  /**
   * Returns true for a path that is left out. What is below such a directory is left out with it,
   * and not asked about.
   *
   * @param path names with slashes between them, from the top of the tree
   */
  excludes(path: Bytes, isDir: boolean): boolean;
}

/** What a filter may be made of. */
export const filterLimits = Object.freeze({
  /** Bytes of a pattern. */
  patternBytes: 4096,
  /** Rules of a filter. */
  ruleCount: 1000,
});

type Match = (path: Bytes, isDir: boolean) => boolean;

const slash = 0x2f;
const star = 0x2a;
/** What makes a pattern more than a name: `*`, `?` and `[`. */
const wildcards = [star, 0x3f, 0x5b];
const nothing = new Uint8Array();
const oneSlash = Uint8Array.of(slash);

/**
 * Makes a filter of rules with rsync's patterns: the first rule that matches a path decides, and
 * what none matches is included.
 *
 * A pattern with a slash inside, or with `**`, is matched against the whole path, from its start or
 * from behind any slash; one that begins with a slash from the start alone; any other against the
 * last name. A slash at the end stands for directories alone, a slash and `***` for a directory and
 * all that is in it. `*` stands for bytes of one name, `**` for any bytes, `?` for one byte,
 * `[...]` for one of a set. A backslash takes the meaning from the byte behind it in a pattern with
 * a wildcard; in others it is a byte like any.
 *
 * @throws LIMIT for a pattern that is too long, or too many rules
 */
export function createPathFilter(rules: readonly FilterRule[]): PathFilter {
  checkLimit("filter rules", rules.length, filterLimits.ruleCount);
  const decisions = rules.map(({ action, pattern }) => ({
    isExclude: action === "exclude",
    matches: compile(pattern),
  }));
  return {
    excludes: (path, isDir) => decisions.find(({ matches }) => matches(path, isDir))?.isExclude ?? false,
  };
}

function checkLimit(what: string, actual: number, limit: number): void {
  if (actual > limit)
    throw new SyncError("LIMIT", `${actual} ${what} where ${limit} may be`, { detail: { actual, limit } });
}

function compile(rule: Bytes): Match {
  checkLimit("bytes of a pattern", rule.length, filterLimits.patternBytes);
  const isForDirs = rule.length > 1 && rule.at(-1) === slash;
  const pattern = isForDirs ? rule.subarray(0, -1) : rule;
  const matches = pattern.some((byte) => wildcards.includes(byte))
    ? compileWild(pattern)
    : compilePlain(pattern);
  return isForDirs ? (path, isDir) => isDir && matches(path, isDir) : matches;
}

function compilePlain(pattern: Bytes): Match {
  if (pattern[0] === slash) return (path) => equalBytes(path, pattern.subarray(1));
  return (path) => {
    const start = path.length - pattern.length;
    return (start === 0 || path[start - 1] === slash) && equalBytes(path.subarray(start), pattern);
  };
}

function compileWild(pattern: Bytes): Match {
  const isAnchored = pattern[0] === slash;
  const glob = new Glob(isAnchored ? pattern.subarray(1) : pattern);
  const stars = pattern.findIndex((byte, i) => byte === star && pattern[i + 1] === star);
  if (!isAnchored && stars < 0) {
    const count = pattern.filter((byte) => byte === slash).length + 1;
    return (path) => {
      const names = lastNames(path, count);
      return names !== undefined && glob.matches(names, false);
    };
  }
  const before = stars === 0 ? oneSlash : nothing;
  const isWhole = pattern.length > 2 && pattern.subarray(-3).every((byte) => byte === star);
  const behindSlashes = !isAnchored && stars > 0;
  return (path, isDir) =>
    glob.matches(concatBytes([before, path, isWhole && isDir ? oneSlash : nothing]), behindSlashes);
}

/** The end of a path, so many names long; undefined when it has fewer. */
function lastNames(path: Bytes, count: number): Bytes | undefined {
  let start = path.length + 1;
  for (let left = count; left > 0; left--) {
    if (start === 0) return undefined;
    start = path.lastIndexOf(slash, start - 2) + 1;
  }
  return path.subarray(start);
}
