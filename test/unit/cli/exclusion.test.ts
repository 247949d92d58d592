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

async function left(...patterns: string[]): Promise<string[]> {
  const { exclude } = await exclusionOf({ exclude: patterns });
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
])("%s leaves out what it should", async (pattern, expected) => {
  expect(await left(pattern)).toEqual(expected);
});

test("several patterns leave out what any of them does", async () => {
  expect(await left("*.c", "/a.o")).toEqual(["a.o", "src/b.c"]);
  expect(await exclusionOf({})).toEqual({});
});

test.each(["", "/", "//"])("%j is no pattern", async (pattern) => {
  await expect(exclusionOf({ exclude: [pattern] })).rejects.toThrow(/takes a pattern/);
});
