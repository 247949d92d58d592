import type { ByteString } from "../../bytes/byte-string.ts";
import { matchGitPattern } from "./git-pattern.ts";
import { Glob } from "./glob.ts";
import type { Match, PatternRule } from "./rule.ts";

/** What paths a pattern is held against. */
export interface PatternPlace {
  /** The absolute path of the top of the tree, without the first slash and with one at the end. */
  readonly base: ByteString;
  /** What comes before each path, for a pattern that begins above the tree. */
  readonly lead: ByteString;
  /** Bytes at the start of each path that a pattern with a slash in front does not see. */
  readonly cut: number;
}

/**
 * Prepares the pattern of a rule for many paths.
 *
 * A pattern with a slash inside, or with `**`, is matched against the whole path, from its start or
 * from behind any slash; one that begins with a slash from the start alone; any other against the
 * last name. A slash at the end stands for directories alone, a slash and `***` for a directory and
 * all that is in it. `*` stands for bytes of one name, `**` for any bytes, `?` for one byte,
 * `[...]` for one of a set. A backslash takes the meaning from the byte behind it in a pattern with
 * a wildcard; in others it is a byte like any.
 */
export function compilePattern(rule: PatternRule, place: PatternPlace): Match {
  if (rule.isForXattrs) return () => false;
  const isForDirs = rule.pattern.length > 1 && rule.pattern.endsWith("/");
  const pattern = isForDirs ? rule.pattern.slice(0, -1) : rule.pattern;
  const some = rule.isGit ? matchGitPattern(pattern, place.cut) : compileWhole(pattern, rule, place);
  const match: Match = isForDirs ? (name, path, isDir) => isDir && some(name, path, isDir) : some;
  return rule.isNegated ? (name, path, isDir) => !match(name, path, isDir) : match;
}

/** The name that a rule is about where it is about one name alone, and no more. */
export function plainName({ pattern, isNegated, isForXattrs, isGit }: PatternRule): ByteString | undefined {
  const name = pattern.length > 1 && pattern.endsWith("/") ? pattern.slice(0, -1) : pattern;
  return isNegated || isForXattrs || isGit || /[/*?[]/.test(name) ? undefined : name;
}

function compileWhole(pattern: ByteString, { isAbsolute }: PatternRule, place: PatternPlace): Match {
  const isAnchored = pattern.startsWith("/");
  if (!pattern.includes("/") && !pattern.includes("**")) return compileName(pattern);
  const match = isAnchored ? compileAnchored(pattern.slice(1)) : compilePath(pattern, isAbsolute);
  if (isAbsolute) return (_, path, isDir) => match(place.base + path, isDir);
  if (!isAnchored) return (_, path, isDir) => match(path, isDir);
  return (_, path, isDir) => match(place.lead + path.slice(place.cut), isDir);
}

type PathMatch = (path: ByteString, isDir: boolean) => boolean;

const hasWildcard = (pattern: ByteString): boolean => /[*?[]/.test(pattern);

/** A pattern for one name. The usual ones need no wildcards. */
function compileName(pattern: ByteString): Match {
  if (!hasWildcard(pattern)) return (name) => name === pattern;
  const [before = "", after = "", ...others] = pattern.split("*");
  if (others.length > 0 || /[?[\\]/.test(pattern)) {
    const glob = new Glob(pattern);
    return (name) => glob.matches(name, false);
  }
  const least = before.length + after.length;
  return (name) => name.length >= least && name.endsWith(after) && name.startsWith(before);
}

/** A pattern for the path from its start on. */
function compileAnchored(pattern: ByteString): PathMatch {
  if (!hasWildcard(pattern)) return (path) => path === pattern;
  const glob = new Glob(pattern);
  const end = endOfDirs(pattern);
  return (path, isDir) => glob.matches(isDir ? path + end : path, false);
}

/** A pattern with a slash, or `**`, that may begin behind any slash. */
function compilePath(pattern: ByteString, isAbsolute: boolean): PathMatch {
  if (!hasWildcard(pattern)) return (path) => path === pattern || path.endsWith(`/${pattern}`);
  const glob = new Glob(pattern);
  const stars = pattern.indexOf("**");
  if (stars < 0) {
    const count = pattern.split("/").length;
    return (path) => {
      const names = lastNames(path, count);
      return names !== undefined && glob.matches(names, false);
    };
  }
  const start = stars === 0 && !isAbsolute ? "/" : "";
  const end = endOfDirs(pattern);
  return (path, isDir) => glob.matches(start + path + (isDir ? end : ""), stars > 0);
}

/** What follows the path of a directory that `***` at the end of the pattern is to match. */
function endOfDirs(pattern: ByteString): ByteString {
  return pattern.endsWith("***") ? "/" : "";
}

/** The end of a path, so many names long; undefined when it has fewer. */
function lastNames(path: ByteString, count: number): ByteString | undefined {
  let start = path.length + 1;
  for (let left = count; left > 0; left--) {
    if (start === 0) return undefined;
    start = path.lastIndexOf("/", start - 2) + 1;
  }
  return path.slice(start);
}
