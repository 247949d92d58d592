import { describe, expect, it, test } from "vitest";
import { Glob } from "../../../../src/tree/filter/glob.ts";
import { createPathFilter, type FilterRule, filterLimits } from "../../../../src/tree/filter/path-filter.ts";
import vectors from "../../../vectors/rsync-patterns.json" with { type: "json" };
import { keptBy } from "../../../random-patterns.ts";

const latin1 = (bytes: string): Buffer => Buffer.from(bytes, "latin1");
const exclude = (...patterns: string[]): FilterRule[] =>
  patterns.map((pattern) => ({ action: "exclude", pattern: latin1(pattern) }));

/**
 * Which of the paths a pattern leaves out, each asked about by itself; a directory ends with a
 * slash.
 */
function matched(pattern: string, paths: readonly string[]): string[] {
  const filter = createPathFilter(exclude(pattern));
  return paths.filter((path) => filter.excludes(latin1(path.replace(/\/$/, "")), path.endsWith("/")));
}

describe("a pattern", () => {
  it.each<[string, string[], string[]]>([
    ["*.o", ["a.o", "b/a.o", "a\nb.o"], ["a.o/b", "a.c"]],
    ["a/b", ["a/b", "c/a/b"], ["a/b/c", "xa/b", "b"]],
    ["/a/b", ["a/b"], ["c/a/b"]],
    ["a/", ["a/", "b/a/"], ["a", "b/a"]],
    ["a/*/b", ["a/x/b", "c/a/x/b"], ["a/b", "a/x/y/b"]],
    ["a**b", ["ab", "a/b", "x/a/y/zb"], ["xab", "x/ya/b"]],
    ["**/b", ["b", "a/b"], ["ab"]],
    ["/**/b", ["a/b"], ["b"]],
    ["a/**", ["a/b", "a/b/c", "x/a/b"], ["a/", "a"]],
    ["a/***", ["a/", "a/b", "x/a/"], ["a", "ab/"]],
    ["a?c", ["abc"], ["a/c", "ac", "a\xc3\xa9c"]],
    ["a[!b]c", ["axc", "a\xffc"], ["abc", "a/c"]],
    ["[]-]", ["]", "-"], ["[", "a"]],
    ["[^]a]", ["b"], ["]", "a"]],
    ["[b-ac]", ["b", "c"], ["a", "-"]],
    ["[![b-a]", ["a"], ["[", "b"]],
    ["[[:digit:]x-z]", ["1", "y"], ["a", ":", "d"]],
    ["a\\*b*", ["a*b", "a*bc"], ["a\\*b", "axb"]],
    ["a\\b", ["a\\b"], ["ab"]],
    ["photo (1).jpg", ["photo (1).jpg"], ["photo 1.jpg"]],
    ["{a,b}|!(c)'\"*", ["{a,b}|!(c)'\""], ["a", "b"]],
    ["[a", [], ["[a", "a"]],
    ["[[:nonsense:]]", [], ["a", ":"]],
    ["a//", [], ["a/", "a"]],
    ["/", [], ["a", "a/"]],
    ["", [], ["a", "a/"]],
  ])("%j matches %j and not %j", (pattern, some, others) => {
    expect(matched(pattern, [...some, ...others])).toEqual(some);
  });
});

test("the first rule that matches decides", () => {
  const include: FilterRule = { action: "include", pattern: latin1("*.c") };
  const both = createPathFilter([include, ...exclude("a*")]);
  expect(["a.c", "a.o", "b"].map((path) => both.excludes(latin1(path), false))).toEqual([false, true, false]);
});

test("what rsync kept of trees of odd names is kept", () => {
  for (const { paths, cases } of vectors) {
    const isDirOf = new Map(paths.map((path) => [path.replace(/\/$/, ""), path.endsWith("/")]));
    for (const { rules, kept } of cases) {
      const read = rules.map((rule): FilterRule => ({
        action: rule[0] === "+" ? "include" : "exclude",
        pattern: latin1(rule.slice(2)),
      }));
      expect({ rules, kept: keptBy(isDirOf, read) }).toEqual({ rules, kept });
    }
  }
});

test("a wildcard means the same wherever it stands in a long pattern", () => {
  for (let before = 0; before < 100; before++) {
    const front = "/".repeat(before);
    const glob = new Glob(latin1(`${front}**b?*[c-d]*`));
    const answers = ["b-c", "a/b--d--", "b-/c", "bc", "b-c/"].map((end) =>
      glob.matches(latin1(front + end), false),
    );
    expect(answers).toEqual([true, true, false, false, false]);
    expect(glob.matches(latin1(`${front}/b-c`), true)).toBe(true);
  }
});

test("limits hold, and no pattern at them takes long", () => {
  const { patternBytes, ruleCount } = filterLimits;
  const longest = createPathFilter(exclude("*a**".repeat(patternBytes / 4)));
  const path = Buffer.alloc(4096, "a");
  expect(longest.excludes(path, false)).toBe(true);
  path[4095] = 0x62;
  const hard = createPathFilter(exclude(`${"**a".repeat(1365)}`));
  for (let i = 0; i < 100; i++) expect(hard.excludes(path, false)).toBe(false);
  expect(() => createPathFilter(exclude("a".repeat(patternBytes + 1)))).toThrow(/LIMIT|4097/);
  expect(() => createPathFilter(exclude(...Array<string>(ruleCount + 1).fill("a")))).toThrow(/1001/);
});
