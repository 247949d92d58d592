import { expect, it, test } from "vitest";
import { parseRule } from "../../../../src/tree/filter/rule-parser.ts";
import { filterLimits, usualReading } from "../../../../src/tree/filter/rule.ts";
import { ruleText } from "../../../../src/tree/filter/rule-text.ts";
import { seededRandom } from "../../../../src/testing/random.ts";
import { randomRule } from "../../../random-filters.ts";
import { randomPaths } from "../../../random-patterns.ts";

/** The rules in a text, written in the one way that travels. */
function rewrite(text: string): string[] {
  return parseRule(text, usualReading).map((rule) =>
    rule.type === "pattern" || rule.type === "dir-merge"
      ? ruleText(rule)
      : rule.type === "self"
        ? ruleText(rule.rule)
        : rule.type,
  );
}

it.each([
  ["- *.o", "- *.o"],
  ["exclude *.o", "- *.o"],
  ["exclude,!p_a b ", "-!p a b "],
  ["+_ _", "+  _"],
  ["H a", "-s a"],
  ["show a", "+s a"],
  ["P,p a", "-rp a"],
  ["risk,! a", "+!r a"],
  ["-sr/ /a/b", "-/sr /a/b"],
  ["-x user.*", "-x user.*"],
  ["-C", "cvs"],
  ["!", "clear"],
  ["clear", "clear"],
  [". some file", "merge"],
  [": .rules", ": .rules"],
  ["dir-merge,n- /up/.rules", ":-n /up/.rules"],
  [":w+r .rules", ":+wr .rules"],
  [":C", ":C .cvsignore"],
  [":sC .ignore", ":Cs .ignore"],
  [":g .gitignore", ":g .gitignore"],
])("%j is the rule %j", (text, ...rules) => expect(rewrite(text)).toEqual(rules));

it.each([
  ["C", /no filter rule/],
  ["exclude", /too early/],
  ["-", /too early/],
  ["-p ", /too early/],
  ["exclude\ta", /modifier/],
  ["-n a", /modifier/],
  ["H,s a", /modifier/],
  ["P,C", /modifier/],
  [":! a", /modifier/],
  [":C- a", /modifier/],
  [".g a", /modifier/],
  ["! a", /nothing may follow/],
  [":", /too early/],
  [": a/", /no directory/],
  [": ..", /no directory/],
])("%j is refused, and not repeated", (text, message) => {
  expect(() => parseRule(text, usualReading)).toThrow(message);
  expect(() => parseRule(text, usualReading)).not.toThrow(text === "-" ? "- " : text);
});

test("a file that excludes itself is two rules", () => {
  expect(rewrite(":e a/.rules")).toEqual(["- .rules", ": a/.rules"]);
});

test("rules in the file of one end name none", () => {
  const reading = { ...usualReading, sides: "sender" } as const;
  expect(parseRule("- a", reading)).toMatchObject([{ sides: "sender" }]);
  expect(() => parseRule("P a", reading)).toThrow(/names an end/);
});

test("what travels is read as what it was", () => {
  const seed = Date.now() % 2 ** 32;
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const paths = randomPaths(random, 20);
  for (let count = 0; count < 2000; count++) {
    for (const rule of parseRule(randomRule(random, paths, ["/top"]), usualReading)) {
      if (rule.type === "pattern" || rule.type === "dir-merge")
        expect(parseRule(ruleText(rule), usualReading)).toEqual([rule]);
    }
  }
});

test("what is too long is refused", () => {
  const long = "x".repeat(filterLimits.patternBytes + 1);
  for (const text of [`- ${long}`, `: ${long}`]) expect(() => parseRule(text, usualReading)).toThrow(/4097/);
});
