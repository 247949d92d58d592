import { type OddPaths, pick, randomPattern, randomText } from "./random-patterns.ts";

/** Files with rules that random trees may have in any directory. */
export const ruleFiles = [".r", ".s", ".cvsignore"];

type Random = () => number;

/** One rule of any kind, one character a byte. */
export function randomRule(random: Random, paths: OddPaths, tops: readonly string[]): string {
  const kind = random();
  if (kind < 0.03) return pick(random, ["!", "clear"]);
  if (kind < 0.06) return pick(random, ["-C", "-Cs", "-Cp", "+C"]);
  if (kind < 0.25) return randomMerge(random);
  const name = pick(random, ["-", "-", "-", "-", "+", "+", "exclude", "include", "H", "S", "P", "R", "hide"]);
  const { text, pattern } = randomModifiers(random, paths, tops, "HSPRhide".includes(name));
  const comma = name.length > 1 && text !== "" ? "," : "";
  return `${name}${random() < 0.1 ? "," : comma}${text}${pick(random, [" ", " ", "_"])}${pattern}`;
}

function randomModifiers(random: Random, paths: OddPaths, tops: readonly string[], hasSide: boolean) {
  let text = "";
  let pattern = randomPattern(random, paths).replaceAll(/[\n\r\0]/g, "?") || "a";
  if (random() < 0.05) text += "!";
  if (random() < 0.1) text += "p";
  if (random() < 0.02) text += "x";
  if (!hasSide && random() < 0.1) text += pick(random, ["s", "r", "sr"]);
  if (random() < 0.08) {
    text += "/";
    if (random() < 0.7) pattern = `${pick(random, tops)}${pattern.startsWith("/") ? "" : "/"}${pattern}`;
  }
  return { text, pattern };
}

function randomMerge(random: Random): string {
  const text = ["n", "e", "p", pick(random, ["s", "r"])].filter(() => random() < 0.12).join("");
  const syntax = pick(random, ["", "", "", "", "-", "+", "C", "w", "w-"]);
  const place = pick(random, ["", "", "", "", "/", "../", "../../", "a/"]);
  return `:${text}${syntax} ${place}${pick(random, ruleFiles)}`;
}

/** What one file of a tree has in it; most are rules that can be read in some way. */
export function randomRuleFile(random: Random, paths: OddPaths): string {
  const count = 1 + Math.floor(random() * 3);
  const lines = Array.from({ length: count }, () => {
    const pattern = randomPattern(random, paths).replaceAll(/[\n\r\0]/g, "?");
    const kind = random();
    if (kind < 0.05) return "!";
    if (kind < 0.1) return `# ${randomText(random, 3)}`;
    if (kind < 0.15) return "";
    if (kind < 0.25) return randomMerge(random).replace(/ .*\//, " "); // beside this file
    return `${pick(random, ["- ", "- ", "+ ", "-p ", "-! ", "-_", "P ", "H "])}${pattern || "b"}`;
  });
  return lines.join(pick(random, ["\n", "\n", "\n", "\r\n", "\r"])) + pick(random, ["\n", ""]);
}
