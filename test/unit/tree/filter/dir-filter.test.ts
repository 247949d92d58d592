import { describe, expect, it, test } from "vitest";
import { filterLimits, type FilterSide } from "../../../../src/tree/filter/rule.ts";
import { createTreeFilter, type TreeFilterOptions } from "../../../../src/tree/filter/tree-filter.ts";

/** Files with rules by their paths. */
type RuleFiles = Readonly<Record<string, string>>;

interface Asking extends TreeFilterOptions {
  readonly side?: FilterSide;
  readonly base?: string;
  /** Files above the tree, by absolute paths. */
  readonly above?: RuleFiles;
  readonly isDying?: boolean;
}

/** Which of some paths are excluded, each asked by itself; a directory ends with a slash. */
function excluded(rules: readonly string[], files: RuleFiles, paths: readonly string[], asking: Asking = {}) {
  const { above = {}, base = "", isDying = false, side = "sender", ...options } = asking;
  const bytesIn = (all: RuleFiles, path: string) =>
    all[path] === undefined ? undefined : Buffer.from(all[path]);
  const filter = createTreeFilter(rules, options);
  const top = filter.open(side, { base, readAbove: (path) => bytesIn(above, path) });
  return paths.filter((path) => {
    const names = path.replace(/\/$/, "").split("/");
    const last = names.pop()!;
    let around = top.enter("", (name) => bytesIn(files, name));
    for (const [i, dir] of names.entries()) {
      const place = names.slice(0, i + 1).join("/");
      around = around.enter(dir, (name) => bytesIn(files, `${place}/${name}`));
    }
    return around.excludes(last, path.endsWith("/"), isDying);
  });
}

const paths = ["a", "b", "d/a", "d/b", "d/e/a", "d/e/b"];

describe("rules in the files of directories", () => {
  it.each<[string, string[], RuleFiles, string[]]>([
    ["hold below, too", [": .r"], { "d/.r": "- a" }, ["d/a", "d/e/a"]],
    ["begin in their directory", [": .r"], { "d/.r": "- /a\n- e/b" }, ["d/a", "d/e/b"]],
    ["hold there alone with n", [":n .r"], { "d/.r": "- a" }, ["d/a"]],
    ["come before those above", [": .r"], { ".r": "- a", "d/.r": "+ a" }, ["a"]],
    ["may forget those above", [": .r"], { ".r": "- a\n- b", "d/.r": "!\n- b" }, ["a", "b", "d/b", "d/e/b"]],
    ["stand in the place of the merge", ["+ b", ": .r", "- a"], { "d/.r": "- b\n+ a" }, ["a"]],
    ["may be patterns alone", [":- .r"], { ".r": "a\n+ b" }, ["a", "d/a", "d/e/a"]],
    ["may be words", [":w- .r"], { ".r": "a\tb" }, paths],
    ["may be what CVS reads", [":C"], { "d/.cvsignore": "a b\n# c" }, ["d/a", "d/b"]],
    [
      "may merge others",
      [": .r"],
      { "d/.r": ": .s", "d/.s": "- a", "d/e/.s": "- b" },
      ["d/a", "d/e/a", "d/e/b"],
    ],
    ["may merge a file beside them", [": .r"], { "d/.r": ". s", "d/s": "- a" }, ["d/a", "d/e/a"]],
    [
      "of one name are read in the first place",
      [": .r", "+ a", ":n .r"],
      { ".r": "- a" },
      ["a", "d/a", "d/e/a"],
    ],
    [
      "leave a name to others that are for this end",
      [": .r"],
      { "d/.r": ":r .s\n: e/.s", "d/.s": "- a" },
      ["d/a", "d/e/a"],
    ],
    ["do not count as comments", [": .r"], { ".r": "# x\n;- a\n\n- b\r\n" }, ["b", "d/b", "d/e/b"]],
    ["are Git's", [":g .r"], { ".r": "a\n!/d/a\nd/**/b\n", "d/e/.r": "!b" }, ["a", "d/b", "d/e/a"]],
  ])("%s", (_, rules, files, expected) => expect(excluded(rules, files, paths)).toEqual(expected));

  it("are read above the tree, from the directory on that is named", () => {
    const above = { "/.r": "- a", "/up/.r": "- /top/d/b\n- /a", "/other/.r": "- b" };
    const asking = { above, base: "up/top/" };
    expect(excluded([": /.r"], {}, paths, asking)).toEqual(["a", "d/a", "d/b", "d/e/a"]);
    expect(excluded([": ../.r"], {}, paths, asking)).toEqual(["d/b"]);
    expect(excluded([": .r"], {}, paths, asking)).toEqual([]);
    expect(excluded([": /other/.r"], { "d/.r": "- a" }, paths, asking)).toEqual(["d/a", "d/e/a"]);
  });

  it("name the place of what is wrong, and not the text", () => {
    const files = { "d/.r": "- a\nsecret stuff\n" };
    expect(() => excluded([": .r"], files, paths)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: 'line 2 of d/.r: this is no filter rule; one that leaves out begins with "- "',
        detail: {},
      }),
    );
    expect(() => excluded([": .r"], { ".r": ". ../s" }, paths)).toThrow(/one beside it/);
    expect(() => excluded([": .r"], { ".r": ". s" }, paths)).toThrow(/no file of rules beside/);
  });

  it("are bounded in number, size and depth", () => {
    const many = `${"- x\n".repeat(filterLimits.ruleCount / 2)}- y\n`;
    expect(() => excluded([": .r"], { ".r": many, "d/.r": many }, paths)).toThrow(/10002 filter rules/);
    expect(() => excluded([": .r"], { ".r": "#".repeat(filterLimits.fileBytes + 1) }, paths)).toThrow(
      /1048577/,
    );
    expect(() => excluded([": .r"], { ".r": ". .r" }, paths)).toThrow(/17 files of rules/);
  });
});

test("a rule is for the ends that it names", () => {
  const rules = ["H a", "P /b", "-sr d/a", "- d/b"];
  const at = (side: FilterSide, options = {}) => excluded(rules, {}, paths, { side, ...options });
  expect(at("sender")).toEqual(["a", "d/a", "d/b", "d/e/a"]);
  expect(at("receiver")).toEqual(["b", "d/a", "d/b"]);
  expect(at("sender", { deletesExcluded: true })).toEqual(["a", "d/a", "d/b", "d/e/a"]);
  expect(at("receiver", { deletesExcluded: true })).toEqual(["b", "d/a"]);
});

test("perishable rules do not count where all has to go", () => {
  expect(excluded(["-p a", "- b"], {}, ["a", "b"])).toEqual(["a", "b"]);
  expect(excluded(["-p a", "- b"], {}, ["a", "b"], { isDying: true })).toEqual(["b"]);
});

test("patterns may be about absolute paths, and about what they do not match", () => {
  expect(excluded(["-/ /up/top/d/a", "-/ top/b"], {}, paths, { base: "up/top/" })).toEqual(["b", "d/a"]);
  expect(excluded(["-! */"], {}, ["a", "d/"])).toEqual(["a"]);
  expect(excluded(["-x a"], {}, paths)).toEqual([]);
});

test("what CVS ignores is one rule, with what a user adds", () => {
  const cvsIgnored = () => [Buffer.from("b *.tmp")];
  const names = ["a.o", "core", "b", "x.tmp", "c", ".git/", ".git"];
  expect(excluded(["-C"], {}, names, { cvsIgnored })).toEqual(["a.o", "core", "b", "x.tmp", ".git/"]);
  expect(excluded(["-C"], {}, names, { cvsIgnored, isDying: true })).toEqual(["b", "x.tmp"]);
});
