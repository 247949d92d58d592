import type { ByteString } from "../../bytes/byte-string.ts";
import { Glob } from "./glob.ts";
import { readGlobSet } from "./glob-set.ts";
import type { Match } from "./rule.ts";

/** One name of a pattern, or any number of names. */
type Segment = Glob | "any";

/**
 * Prepares a pattern of Git, without a slash at its end. One without a slash is about the last
 * name; any other is about the path from the directory of its file on, where the name `**` stands
 * for any number of names, and at the end for one or more.
 *
 * @param cut bytes of the path of that directory
 */
export function matchGitPattern(pattern: ByteString, cut: number): Match {
  const names = splitNames(pattern.startsWith("/") ? pattern.slice(1) : pattern);
  if (!pattern.includes("/")) {
    const glob = new Glob(pattern);
    return (name) => glob.matches(name, false);
  }
  const segments = names.map((name): Segment => (/^\*\*+$/.test(name) ? "any" : new Glob(name)));
  const isOpen = segments.at(-1) === "any";
  if (isOpen) segments.splice(-1, 1, new Glob("*"), "any");
  return (_, path) => matchSegments(segments, path.slice(cut).split("/"));
}

/** The names in a pattern; a slash in a set parts none. */
function splitNames(pattern: ByteString): ByteString[] {
  const names: ByteString[] = [];
  let start = 0;
  for (let at = 0; at < pattern.length;) {
    const slash = pattern[at] === "\\" ? at + 1 : at;
    if (pattern[slash] === "/") {
      names.push(pattern.slice(start, at));
      start = slash + 1;
    }
    at = pattern[at] === "[" ? readGlobSet(pattern, at + 1).end : slash + 1;
  }
  return [...names, pattern.slice(start)];
}

/**
 * True when the names match. Each time that a later one does not, the last "any" takes one name
 * more, so there are at most as many steps as names times segments.
 */
function matchSegments(segments: readonly Segment[], names: readonly ByteString[]): boolean {
  let segment = 0;
  let name = 0;
  let anyAt = -1;
  let anyEnd = 0;
  while (name < names.length) {
    const wanted = segments[segment];
    if (wanted === "any") {
      anyAt = segment++;
      anyEnd = name;
    } else if (wanted?.matches(names[name]!, false)) {
      segment += 1;
      name += 1;
    } else if (anyAt >= 0) {
      segment = anyAt + 1;
      name = ++anyEnd;
    } else return false;
  }
  while (segments[segment] === "any") segment += 1;
  return segment === segments.length;
}
