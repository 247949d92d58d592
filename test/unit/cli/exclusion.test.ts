import { expect, test } from "vitest";
import { exclusionOf } from "../../../src/cli/exclusion.ts";

const paths = [
  "a.o",
  "src/",
  "src/a.o",
  "src/b.c",
  "src/docs/",
  "src/docs/api/",
  "docs/",
  "docs/api/",
  "docs/api/x",
  ".git/",
  ".git/config",
  "{a,b}",
  "!a",
  "naïve",
  "a\nb.o",
];

function left(...patterns: string[]): string[] {
  const { exclude } = exclusionOf({ exclude: patterns });
  return paths.filter((path) =>
    exclude!(Buffer.from(path.replace(/\/$/, "")), path.endsWith("/") ? "dir" : "file"),
  );
}

test.each<[string, string[]]>([
  ["*.o", ["a.o", "src/a.o", "a\nb.o"]],
  ["/*.o", ["a.o", "a\nb.o"]],
  ["docs/api", ["src/docs/api/", "docs/api/"]],
  ["/docs/api", ["docs/api/"]],
  ["docs/", ["src/docs/", "docs/"]],
  ["docs/**", ["src/docs/api/", "docs/api/", "docs/api/x"]],
  [".git", [".git/"]],
  ["b.c/", []],
  ["?.c", ["src/b.c"]],
  ["[ab].?", ["a.o", "src/a.o", "src/b.c"]],
  ["{a,b}", ["{a,b}"]],
  ["!a", ["!a"]],
  ["na*e", ["naïve"]],
])("%s leaves out what it should", (pattern, expected) => {
  expect(left(pattern)).toEqual(expected);
});

test("several patterns leave out what any of them does", () => {
  expect(left("*.c", "/a.o")).toEqual(["a.o", "src/b.c"]);
  expect(exclusionOf({})).toEqual({});
});

test.each(["", "/", "//"])("%j is no pattern", (pattern) => {
  expect(() => exclusionOf({ exclude: [pattern] })).toThrow(/takes a pattern/);
});
