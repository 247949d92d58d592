import { describe, expect, it, test } from "vitest";
import { Glob } from "../../../../src/tree/filter/glob.ts";
import { filterLimits } from "../../../../src/tree/filter/rule.ts";
import { createTreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import vectors from "../../../vectors/rsync-patterns.json" with { type: "json" };
import { keptBy } from "../../../random-patterns.ts";

/** Asks rules about single paths, each for itself. */
function excluder(...rules: string[]): (path: string, isDir?: boolean) => boolean {
  const filter = createTreeFilter(rules.map((rule) => Buffer.from(rule, "latin1"))).open("sender", {});
  const read = () => undefined;
  return (path, isDir = false) => {
    const names = path.split("/");
    const last = names.pop()!;
    return names.reduce((around, name) => around.enter(name, read), filter).excludes(last, isDir);
  };
}

/**
 * Which of the paths a pattern leaves out, each asked about by itself; a directory ends with a
 * slash.
 */
function matched(pattern: string, paths: readonly string[]): string[] {
  const excludes = excluder(`- ${pattern}`);
  return paths.filter((path) => excludes(path.replace(/\/$/, ""), path.endsWith("/")));
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
  ])("%j matches %j and not %j", (pattern, some, others) => {
    expect(matched(pattern, [...some, ...others])).toEqual(some);
  });
});

test("the first rule that matches decides", () => {
  const both = excluder("+ *.c", "- a*");
  expect(["a.c", "a.o", "b"].map((path) => both(path))).toEqual([false, true, false]);
});

test("what rsync kept of trees of odd names is kept", () => {
  for (const { paths, cases } of vectors) {
    const isDirOf = new Map(paths.map((path) => [path.replace(/\/$/, ""), path.endsWith("/")]));
    for (const { rules, kept } of cases) {
      expect({ rules, kept: keptBy(isDirOf, rules) }).toEqual({ rules, kept });
    }
  }
});

test("a wildcard means the same wherever it stands in a long pattern", () => {
  for (let before = 0; before < 100; before++) {
    const front = "/".repeat(before);
    const glob = new Glob(`${front}**b?*[c-d]*`);
    const answers = ["b-c", "a/b--d--", "b-/c", "bc", "b-c/"].map((end) => glob.matches(front + end, false));
    expect(answers).toEqual([true, true, false, false, false]);
    expect(glob.matches(`${front}/b-c`, true)).toBe(true);
  }
});

test("limits hold, and no pattern at them takes long", () => {
  const { patternBytes, ruleCount } = filterLimits;
  const path = "a".repeat(4096);
  expect(excluder(`- ${"*a**".repeat(patternBytes / 4)}`)(path)).toBe(true);
  const hard = excluder(`- ${"**a".repeat(1365)}`);
  for (let i = 0; i < 100; i++) expect(hard(`${path.slice(1)}b`)).toBe(false);
  expect(() => excluder(`- ${"a".repeat(patternBytes + 1)}`)).toThrow(/4097/);
  expect(() => excluder(...Array<string>(ruleCount + 1).fill("- a"))).toThrow(/10001/);
});
