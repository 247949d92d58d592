import { describe, expect, test } from "vitest";
import { compareEntry, keepsAll, type Standing } from "../../../../src/tree/plan/comparison.ts";
import type { PlanRule } from "../../../../src/tree/plan/plan-rule.ts";
import type { Entry, EntryKind } from "../../../../src/tree/entry/entry.ts";

const kinds = ["file", "dir", "symlink"] as const;

function entry(kind: EntryKind, more: Partial<Entry> = {}): Entry {
  const target = kind === "symlink" ? { target: Buffer.from("to") } : {};
  const size = kind === "file" ? 5 : 0;
  return {
    depth: 1,
    name: Buffer.from("n"),
    kind,
    size,
    mode: 0o644,
    mtimeSec: 9,
    mtimeNsec: 8,
    ...target,
    ...more,
  };
}

function standing(kind: Standing["kind"], more: Partial<Standing> = {}): Standing {
  return { ...entry("symlink"), kind, size: kind === "file" ? 5 : 4096, isEmpty: false, ...more };
}

describe("an entry and what stands in its place", () => {
  test("nothing stands there", () => {
    for (const kind of kinds) expect(compareEntry(entry(kind), undefined, keepsAll)).toBe("new");
  });

  test("of the same kind", () => {
    for (const kind of kinds) {
      expect(compareEntry(entry(kind), standing(kind), keepsAll)).toBe("same");
      const mode = compareEntry(entry(kind, { mode: 0o600 }), standing(kind), keepsAll);
      expect(mode).toBe(kind === "symlink" ? "same" : "touched");
      const time = compareEntry(entry(kind, { mtimeSec: 10 }), standing(kind), keepsAll);
      expect(time).toBe(kind === "file" ? "changed" : "touched");
    }
    expect(compareEntry(entry("file", { size: 6 }), standing("file"), keepsAll)).toBe("changed");
    expect(compareEntry(entry("symlink", { target: Buffer.from("at") }), standing("symlink"), keepsAll)).toBe(
      "changed",
    );
  });

  test("of another kind: only a directory with something in it does not give way", () => {
    for (const kind of kinds) {
      for (const other of [...kinds, "other"] as const) {
        if (kind === other) continue;
        expect(compareEntry(entry(kind), standing(other), keepsAll)).toBe(
          other === "dir" ? "blocked" : "replaced",
        );
        expect(compareEntry(entry(kind), standing(other, { isEmpty: true }), keepsAll)).toBe("replaced");
      }
    }
  });

  test("setuid, setgid and sticky bits are not asked for", () => {
    expect(compareEntry(entry("file", { mode: 0o7644 }), standing("file"), keepsAll)).toBe("same");
  });

  test("each bit of a mode counts, and what only the destination gave a directory does not", () => {
    for (let bit = 1; bit <= 0o400; bit <<= 1)
      for (const kind of ["file", "dir"] as const)
        expect(compareEntry(entry(kind), standing(kind, { mode: 0o644 ^ bit }), keepsAll)).toBe("touched");
    for (const bit of [0o1000, 0o2000, 0o4000]) {
      expect(compareEntry(entry("file"), standing("file", { mode: 0o644 | bit }), keepsAll)).toBe("touched");
      expect(compareEntry(entry("dir"), standing("dir", { mode: 0o644 | bit }), keepsAll)).toBe("same");
    }
  });

  test("a place without modes has the right one", () => {
    const keeping = { ...keepsAll, modeBits: 0 };
    expect(compareEntry(entry("file"), standing("file", { mode: 0o777 }), keeping)).toBe("same");
  });

  test.each([
    [1, 1_700_000_001, 123_456_789, 1_700_000_001, 123_456_789],
    [1, 1_700_000_001, 123_456_789, 1_700_000_001, 123_456_000], // written by Node's own calls
    [100, 1_700_000_001, 123_456_789, 1_700_000_001, 123_456_700],
    [10_000_000, 1_700_000_001, 123_456_789, 1_700_000_001, 120_000_000],
    [1_000_000_000, -1, 999_999_999, -1, 0],
    [2_000_000_000, 1_700_000_001, 123_456_789, 1_700_000_000, 0],
    [2_000_000_000, -1, 5, -2, 0],
    [2_000_000_000, 1_700_000_001, 123_456_789, 1_700_000_001, 0],
    [2_000_000_000, -1, 5, -1, 0],
  ])("a time cut to %i ns agrees", (timeUnitNsec, mtimeSec, mtimeNsec, thereSec, thereNsec) => {
    const sent = entry("file", { mtimeSec, mtimeNsec });
    const there = standing("file", { mtimeSec: thereSec, mtimeNsec: thereNsec });
    const keeping = { ...keepsAll, timeUnitNsec };
    expect(compareEntry(sent, there, keeping)).toBe("same");
    expect(compareEntry(sent, { ...there, mtimeSec: thereSec + 4 }, keeping)).toBe("changed");
    expect(compareEntry(sent, { ...there, mtimeNsec: thereNsec + 1 }, keeping)).toBe(
      thereNsec + 1 === mtimeNsec ? "same" : "changed",
    );
  });
});

describe("a time that no number of a place holds", () => {
  const agrees = (mtimeSec: number, thereSec: number): boolean =>
    compareEntry(
      entry("file", { mtimeSec }),
      standing("file", { mtimeSec: thereSec, mtimeNsec: 0 }),
      keepsAll,
    ) === "same";

  test.each([
    [2 ** 31, 2 ** 31 - 1],
    [9_000_000_000, 2 ** 31 - 1],
    [9_000_000_000, 2 ** 32 - 1],
    [9_000_000_000, 9_000_000_000 - 2 * 2 ** 32],
    [-300_000_000, 2 ** 32 - 300_000_000],
    [3_000_000_000, 3_000_000_000 - 2 ** 32],
  ])("%i agrees with %i", (wanted, there) => {
    expect(agrees(wanted, there)).toBe(true);
    expect(agrees(wanted, there - 1)).toBe(false);
    expect(agrees(wanted, there + 7)).toBe(false);
  });

  test("others are compared as they are", () => {
    expect(agrees(2 ** 31 - 2, 2 ** 31 - 1)).toBe(false);
    expect(agrees(1_000_000_000, 1_000_000_000 + 2 ** 32)).toBe(false);
    expect(agrees(-5, 2 ** 31 - 1)).toBe(false);
  });
});

test("a link whose time is not kept has the right one, and no file has", () => {
  const keeping = { ...keepsAll, keepsLinkTimes: false };
  const told = { mtimeSec: 1_000_000_000 };
  const there = { target: Buffer.from("to"), mtimeSec: 5 };
  expect(compareEntry(entry("symlink", told), standing("symlink", there), keeping)).toBe("same");
  expect(compareEntry(entry("symlink", told), standing("symlink", there), keepsAll)).toBe("touched");
  expect(compareEntry(entry("file", told), standing("file", { mtimeSec: 5 }), keeping)).toBe("changed");
});

describe("a rule of the transfer", () => {
  const file = entry("file", { mtimeSec: 20 });
  const outcome = (rule: PlanRule, there: Standing | undefined, wanted = file): string =>
    compareEntry(wanted, there, keepsAll, rule);

  test("says when files are equal", () => {
    expect(outcome({ equality: "size" }, standing("file"))).toBe("touched");
    expect(outcome({ equality: "size" }, standing("file", { size: 4 }))).toBe("changed");
    expect(outcome({ equality: "content" }, standing("file", { mtimeSec: 20 }))).toBe("changed");
    expect(outcome({ windowSec: 11 }, standing("file"))).toBe("same");
    expect(outcome({ windowSec: 10 }, standing("file"))).toBe("changed");
  });

  test("leaves files alone that are newer, or not newer by so much", () => {
    const at = (mtimeSec: number): Standing => standing("file", { mtimeSec, size: 1 });
    expect(outcome({ keepsNewer: true }, at(21))).toBe("skipped");
    expect(outcome({ keepsNewer: true }, at(20))).toBe("changed");
    expect(outcome({ keepsNewer: true, windowSec: 2 }, at(18))).toBe("changed");
    expect(outcome({ keepsNewer: true, windowSec: 2 }, at(19))).toBe("skipped");
    expect(outcome({ keepsNewer: true }, standing("symlink", { mtimeSec: 99 }))).toBe("replaced");
  });

  test("leaves alone what is there, or what is not", () => {
    expect(outcome({ onlyExisting: true }, undefined)).toBe("skipped");
    expect(outcome({ onlyExisting: true }, standing("file"))).toBe("changed");
    expect(outcome({ onlyNew: true }, undefined)).toBe("new");
    expect(outcome({ onlyNew: true }, standing("dir", { isEmpty: true }))).toBe("skipped");
    expect(outcome({ onlyNew: true }, standing("dir", { mode: 0o700 }), entry("dir"))).toBe("touched");
  });

  test("leaves out files by their size, and nothing else", () => {
    for (const rule of [{ minBytes: 6 }, { maxBytes: 4 }]) {
      expect(outcome(rule, undefined)).toBe("skipped");
      expect(outcome(rule, standing("file"))).toBe("skipped");
      expect(outcome(rule, undefined, entry("dir"))).toBe("new");
    }
    expect(outcome({ minBytes: 5, maxBytes: 5 }, undefined)).toBe("new");
  });
});
