import { describe, expect, test } from "vitest";
import { EntryChecker, findNameFault } from "../../../../src/tree/entry/entry-order.ts";
import type { Entry, Layout } from "../../../../src/tree/entry/entry.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

function entry(depth: number, name: string, changes: Partial<Entry> = {}): Entry {
  const base: Entry = {
    depth,
    name: bytes(name),
    kind: "file",
    size: 0,
    mode: 0o644,
    mtimeSec: 0,
    mtimeNsec: 0,
  };
  return { ...base, ...changes };
}
const dir = (depth: number, name: string): Entry => entry(depth, name, { kind: "dir" });

function check(layout: Layout, ...entries: Entry[]): string {
  const checker = new EntryChecker(layout);
  try {
    for (const each of entries) checker.check(each);
    return "ok";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

describe("names", () => {
  test.each(["a", "...", "..a", ".a", "a b", "\xff\xfe", "a\\b", "C:x", "-rf", "\n", "a".repeat(255)])(
    "%j is a name",
    (name) => expect(findNameFault(bytes(name))).toBeUndefined(),
  );

  test.each([
    ...[
      "",
      ".",
      "..",
      "/",
      "a/",
      "/a",
      "a/b",
      "../a",
      "a/..",
      "./a",
      "a/./b",
      "//",
      "\0",
      "a\0",
      "\0a",
      "..\0",
    ],
    ...["/etc/passwd", "a/../../b", "../../..", "a".repeat(256)],
  ])("%j is none", (name) => expect(findNameFault(bytes(name))).toBeTypeOf("string"));

  test.each([
    "C:x",
    "C:\\x",
    "\\\\h\\s",
    "\\\\?\\x",
    "a\\b",
    "..\\a",
    "a:b",
    "a.",
    "a ",
    "CON",
    "nul.txt",
    "aux",
    "com1",
  ])("%j is none on Windows", (name) =>
    expect(findNameFault(bytes(name), { windows: true })).toBeTypeOf("string"),
  );
});

describe("order", () => {
  test("takes directories before their content, names ascending", () => {
    const entries = [dir(0, "."), dir(1, "a"), entry(2, "b"), entry(2, "c"), entry(1, "a.b"), dir(1, "\xff")];
    expect(check("contents", ...entries)).toBe("ok");
  });

  test.each<[string, Layout, Entry[]]>([
    ["no root", "contents", [entry(0, "a")]],
    ["a root that is no directory", "contents", [entry(0, ".")]],
    ["a root that comes twice", "contents", [dir(0, "."), dir(0, ".")]],
    ["something beside the root", "contents", [dir(0, "."), dir(0, "a")]],
    ["a root under a named one", "named", [dir(0, ".")]],
    ["a name twice", "contents", [dir(0, "."), entry(1, "a"), entry(1, "a")]],
    [
      "a link, then a directory of its name",
      "contents",
      [dir(0, "."), entry(1, "a"), dir(1, "a"), entry(2, "b")],
    ],
    ["names that fall", "contents", [dir(0, "."), entry(1, "b"), entry(1, "a")]],
    [
      "names that fall after a directory",
      "contents",
      [dir(0, "."), dir(1, "b"), entry(2, "x"), entry(1, "a")],
    ],
    ["content of a file", "contents", [dir(0, "."), entry(1, "a"), entry(2, "b")]],
    ["a level left out", "contents", [dir(0, "."), entry(2, "b")]],
    ["a depth below 0", "named", [entry(-1, "b")]],
    ["a depth of half", "named", [entry(0.5, "b")]],
  ])("refuses %s", (_, layout, entries) => expect(check(layout, ...entries)).toBe("PATH"));

  test("limits depth to 255 and paths to 4096 bytes", () => {
    const nested = (count: number): Entry[] => Array.from({ length: count }, (_, depth) => dir(depth, "d"));
    expect(check("named", ...nested(256))).toBe("ok");
    expect(check("named", ...nested(257))).toBe("PATH");
    const long = Array.from({ length: 16 }, (_, depth) => dir(depth, "n".repeat(255)));
    expect(check("named", ...long)).toBe("ok");
    expect(check("named", ...long, entry(16, "x"))).toBe("PATH");
  });
});

describe("fields", () => {
  test.each<Partial<Entry>>([
    { size: -1 },
    { size: 1.5 },
    { size: Number.NaN },
    { size: 2 ** 53 },
    { mode: -1 },
    { mode: 0o10000 },
    { mtimeNsec: -1 },
    { mtimeNsec: 1_000_000_000 },
    { mtimeSec: 2 ** 53 },
    { mtimeSec: 0.5 },
    { kind: "door" as "file" },
    { kind: "charDevice" },
    { kind: "blockDevice", rdev: { major: 2 ** 32, minor: 0 } },
    { rdev: { major: 1, minor: 3 } },
    { kind: "fifo", size: 1 },
    { link: -1 },
    { kind: "dir", link: 0 },
    { facts: { user: { id: -1 } } },
    { kind: "dir", size: 1 },
    { target: bytes("x") },
    { kind: "symlink" },
    { kind: "symlink", target: bytes("") },
    { kind: "symlink", target: bytes("a\0b") },
    { kind: "symlink", target: bytes("x".repeat(4096)) },
  ])("refuses %j", (changes) => expect(check("named", entry(0, "a", changes))).toBe("BAD_MESSAGE"));

  test.each<Partial<Entry>>([
    { size: Number.MAX_SAFE_INTEGER, mode: 0o7777, mtimeNsec: 999_999_999 },
    { mtimeSec: -(2 ** 40) },
    { kind: "fifo", link: 7 },
    { kind: "charDevice", rdev: { major: 2 ** 32 - 1, minor: 3 } },
    { kind: "symlink", target: bytes("x".repeat(4095)) },
    { kind: "symlink", target: bytes("../../etc/passwd") },
  ])("takes %j", (changes) => expect(check("named", entry(0, "a", changes))).toBe("ok"));
});
