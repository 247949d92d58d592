import { createTreeFilter } from "../src/tree/filter/tree-filter.ts";

/**
 * Paths of a tree, one character a byte, and whether each is a directory; a directory comes before
 * what is in it.
 */
export type OddPaths = ReadonlyMap<string, boolean>;

const letters = [..."aaabbc"];
const odd = [..."*?[]!^-\\(){}|'\"` .#+$~&;,:=@%<>Z0_\t\n\x01\x7f\x80\xc3\xa9\xff"];
const pieces = [
  "*",
  "*",
  "**",
  "***",
  "?",
  "[",
  "]",
  "[!",
  "[^",
  "-",
  "\\",
  "/",
  "/",
  "/**",
  "**/",
  "/***",
  ...letters,
];
const sets = [
  "[ab]",
  "[!a]",
  "[^b-]",
  "[]a]",
  "[!]]",
  "[a-c]",
  "[b-a]",
  "[![c-b]",
  "[\\]a]",
  "[[:alpha:]]",
  "[[:punct:][:space:]]",
  "[![:alnum:]]",
  "[[:x:]]",
  "[[:",
  "[a-",
  "[/a]",
];

/** One of several things. */
export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

/** A few letters and odd characters. */
export function randomText(random: () => number, most: number): string {
  return text(random, most, () => pick(random, random() < 0.6 ? letters : odd));
}

function text(random: () => number, most: number, next: () => string): string {
  let made = "";
  for (let left = 1 + Math.floor(random() * most); left > 0; left--) made += next();
  return made;
}

/** A tree of short names, many of them odd. */
export function randomPaths(random: () => number, count: number): OddPaths {
  const paths = new Map<string, boolean>();
  const dirs = [""];
  while (paths.size < count) {
    const name = randomText(random, 3);
    const path = pick(random, dirs) + name;
    if (name === "." || name === ".." || paths.has(path)) continue;
    const isDir = random() < 0.35 && path.split("/").length < 4;
    paths.set(path, isDir);
    if (isDir) dirs.push(`${path}/`);
  }
  return paths;
}

/** A pattern that has a chance to match some of the paths. */
export function randomPattern(random: () => number, paths: OddPaths): string {
  if (random() < 0.2) return text(random, 6, () => pick(random, random() < 0.7 ? pieces : odd));
  const names = pick(random, [...paths.keys()]).split("/");
  const some = names.slice(random() < 0.5 ? 0 : -1).join("/");
  const bent = [...some].map((character) => (random() < 0.25 ? bend(random, character) : character)).join("");
  return `${random() < 0.2 ? "/" : ""}${random() < 0.1 ? "**/" : ""}${bent}${random() < 0.3 ? pick(random, ["/", "*", "/**", "/***", "**", "//"]) : ""}`;
}

function bend(random: () => number, character: string): string {
  const bent = [
    "*",
    "**",
    "?",
    `\\${character}`,
    `[${character}]`,
    "",
    pick(random, sets),
    pick(random, pieces),
  ];
  return pick(random, bent);
}

/** One to four rules. */
export function randomRules(random: () => number, paths: OddPaths): string[] {
  const count = random() < 0.6 ? 1 : 2 + Math.floor(random() * 3);
  return Array.from({ length: count }, (_, i) => {
    const sign = i + 1 < count && random() < 0.5 ? "+" : "-";
    return `${sign} ${randomPattern(random, paths) || "a"}`;
  });
}

/** What a filter keeps of a tree, in order. */
export function keptBy(paths: OddPaths, rules: readonly string[]): string[] {
  const filter = createTreeFilter(rules.map((rule) => Buffer.from(rule, "latin1")));
  const tops = new Map([["", filter.open("sender", {}).enter("", () => undefined)]]);
  const kept: string[] = [];
  for (const [path, isDir] of paths) {
    const end = path.lastIndexOf("/");
    const name = path.slice(end + 1);
    const around = tops.get(path.slice(0, Math.max(0, end)));
    if (!around || around.excludes(name, isDir)) continue;
    kept.push(path);
    if (isDir)
      tops.set(
        path,
        around.enter(name, () => undefined),
      );
  }
  return kept.sort();
}
