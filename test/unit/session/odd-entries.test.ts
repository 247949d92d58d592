import { describe, expect, it, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { SyncError } from "../../../src/errors.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { maxLinkTargetBytes, maxPathBytes } from "../../../src/tree/entry/entry-order.ts";
import { maxTimeSec } from "../../../src/tree/entry/time-range.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryNode } from "../../../src/tree/memory/memory-tree.ts";
import type { Entry, Layout } from "../../../src/tree/entry/entry.ts";
import type { CutRun, SourceOptions, TreeSource } from "../../../src/tree/source.ts";
import { duplexPair } from "../../../src/transport/memory.ts";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

function entry(depth: number, name: string, changes: Partial<Entry> = {}): Entry {
  return {
    depth,
    name: latin1(name),
    kind: "file",
    size: 1,
    mode: 0o644,
    mtimeSec: 1,
    mtimeNsec: 0,
    ...changes,
  };
}
const dir = (depth: number, name: string, changes: Partial<Entry> = {}): Entry =>
  entry(depth, name, { kind: "dir", size: 0, mode: 0o755, ...changes });
const nested = (from: number, count: number, name = "d"): Entry[] =>
  Array.from({ length: count }, (_, i) => dir(from + i, name));

/** A source that claims these entries; every file holds `content`. */
function claiming(entries: readonly Entry[], content: string): TreeSource<Entry> {
  return {
    async *entries() {
      for (const each of entries) yield [{ entry: each, file: each }];
    },
    async *cut(files) {
      for (const file of files) {
        const bytes = latin1(content);
        const run: CutRun<Entry> = { file, sizes: [bytes.length], ids: sha256(bytes), bytes };
        yield [run];
        yield [{ file, sizes: [], ids: new Uint8Array(), bytes: new Uint8Array(), end: "complete" }];
      }
    },
    read: async () => latin1(content),
    close: async () => {},
  };
}

function pathsIn(node: MemoryNode, path = ""): string[] {
  if (node.kind !== "dir") return [path];
  const below = [...node.children].flatMap(([name, child]) => pathsIn(child, `${path}/${name}`));
  return below.length > 0 ? below : [`${path}/`];
}

/** What arrives of the entries, and the paths that each end reports. */
async function send(mode: "duplex" | "one-way", layout: Layout, entries: readonly Entry[], content = "x") {
  const [near, far] = duplexPair();
  const root = memoryDir();
  const [sent, received]: SyncError[][] = [[], []];
  const told = (list: SyncError[] | undefined) => (error: SyncError) => void list!.push(error);
  const [summary] = await Promise.all([
    sendTree(claiming(entries, content), near, { mode, layout, onTrouble: told(sent) }),
    receiveTree(memoryTarget(root), far, { duplex: mode === "duplex", onTrouble: told(received) }),
  ]);
  const paths = (errors: SyncError[] | undefined) => errors!.map(({ detail }) => detail.path);
  expect(summary.troubles + summary.failed).toBe(sent!.length);
  return { arrived: pathsIn(root).sort(), sent: paths(sent), received: paths(received) };
}

/**
 * What fits by one, what goes beyond by one, and how the latter is named; all lie in a directory
 * `o`.
 */
const limits: readonly [string, Entry[], Entry[], string][] = [
  ["a time", [entry(2, "a", { mtimeSec: maxTimeSec })], [entry(2, "a", { mtimeSec: maxTimeSec + 1 })], "o/a"],
  [
    "an early time",
    [entry(2, "a", { mtimeSec: -maxTimeSec })],
    [entry(2, "a", { mtimeSec: -maxTimeSec - 1 })],
    "o/a",
  ],
  ["a time of no number", [entry(2, "a")], [entry(2, "a", { mtimeSec: Number.NaN })], "o/a"],
  ["nanoseconds", [entry(2, "a", { mtimeNsec: 999_999_999 })], [entry(2, "a", { mtimeNsec: 1e9 })], "o/a"],
  ["a mode", [entry(2, "a", { mode: 0o7777 })], [entry(2, "a", { mode: 0o10000 })], "o/a"],
  ["a size", [entry(2, "a", { size: 1 })], [entry(2, "a", { size: 2 ** 53 })], "o/a"],
  ["a size below 0", [entry(2, "a")], [entry(2, "a", { size: -1 })], "o/a"],
  ["a name", [entry(2, "n".repeat(255))], [entry(2, "n".repeat(256))], `o/${"n".repeat(256)}`],
  ["no name", [entry(2, "a")], [entry(2, "")], "o/"],
  ["a name of dots", [entry(2, "...")], [entry(2, "..")], "o/.."],
  ["a name with a slash", [entry(2, "a\\b")], [entry(2, "a/b")], "o/a/b"],
  ["a name with a zero byte", [entry(2, "a\x01")], [entry(2, "a\0")], "o/a\0"],
  ["a name twice", [entry(2, "a")], [entry(2, "a"), entry(2, "a")], "o/a"],
  ["a kind", [entry(2, "a")], [entry(2, "a", { kind: "fifo" as "file" })], "o/a"],
  [
    "link text",
    [entry(2, "a", { kind: "symlink", size: 0, target: latin1("t".repeat(maxLinkTargetBytes)) })],
    [entry(2, "a", { kind: "symlink", size: 0, target: latin1("t".repeat(maxLinkTargetBytes + 1)) })],
    "o/a",
  ],
  ["what is in a file", [entry(2, "a")], [entry(2, "a", { size: -1 }), dir(3, "b"), entry(4, "c")], "o/a"],
];

describe.each(["duplex", "one-way"] as const)("%s: one odd entry is left out, all else arrives", (mode) => {
  it.each(limits)("%s", async (_, below, above, path) => {
    const around = (odd: readonly Entry[]): Entry[] => [
      dir(0, "."),
      entry(1, "b"),
      dir(1, "o"),
      ...odd,
      entry(1, "z"),
    ];
    const fits = await send(mode, "contents", around(below));
    expect(fits).toMatchObject({ sent: [], received: [] });
    expect(fits.arrived).toHaveLength(3);
    const beyond = await send(mode, "contents", around(above));
    expect(beyond.sent).toEqual([path]);
    expect(beyond.arrived).toEqual(above.length === 2 ? ["/b", "/o/a", "/z"] : ["/b", "/o/", "/z"]);
  });

  it.each<[Layout, Entry[]]>([
    ["contents", [dir(0, ".")]],
    ["named", [dir(0, "t")]],
  ])("depth and length of a path, %s", async (layout, top) => {
    const last = entry(1, "z");
    const deepest = [...top, ...nested(1, 254), entry(255, "leaf")];
    expect((await send(mode, layout, [...deepest, last])).sent).toEqual([]);
    const deeper = await send(mode, layout, [
      ...top,
      ...nested(1, 255),
      dir(256, "e"),
      entry(257, "f"),
      last,
    ]);
    expect(deeper.sent).toHaveLength(1);
    expect(deeper.sent[0]).toMatch(/(?:d\/){255}e$/);
    expect(deeper.arrived).toHaveLength(2);
    const start = layout === "contents" ? 0 : 2;
    const dirs = nested(1, 16, "n".repeat(250));
    const room = maxPathBytes - start - 16 * 251;
    const long = (bytes: number): Entry[] => [...top, ...dirs, entry(17, "f".repeat(bytes)), last];
    expect((await send(mode, layout, long(room))).sent).toEqual([]);
    const longer = await send(mode, layout, [
      ...long(room).slice(0, -2),
      entry(17, "f"),
      dir(17, `g${"f".repeat(room)}`),
      entry(18, "x"),
      last,
    ]);
    expect(longer.sent).toHaveLength(1);
    expect(longer.sent[0]).toHaveLength(maxPathBytes + 1);
    expect(longer.arrived).toHaveLength(2);
  });

  it("a directory with an odd time or mode comes without it, and with what is in it", async () => {
    for (const odd of [{ mtimeSec: 2 ** 60 }, { mode: 0o40755 }, { size: 4096 }, { target: latin1("x") }]) {
      const { sent, arrived } = await send(mode, "contents", [
        dir(0, ".", odd),
        dir(1, "a", odd),
        entry(2, "b"),
      ]);
      expect({ sent, arrived }).toEqual({ sent: [".", "a"], arrived: ["/a/b"] });
    }
  });

  it("times may differ by all that they can", async () => {
    const times = [maxTimeSec, -maxTimeSec, maxTimeSec, 0];
    const files = times.map((mtimeSec, i) => entry(1, `f${i}`, { mtimeSec }));
    expect((await send(mode, "contents", [dir(0, "."), ...files])).arrived).toHaveLength(4);
  });

  it("a file that is longer than it was listed has changed", async () => {
    const short = await send(
      mode,
      "contents",
      [dir(0, "."), entry(1, "a"), entry(1, "b", { size: 2 })],
      "xy",
    );
    expect(short).toMatchObject({ arrived: ["/b"], sent: ["a"], received: ["a"] });
  });

  it("a source that does not begin as its layout says is refused", async () => {
    await expect(send(mode, "contents", [entry(0, "a")])).rejects.toMatchObject({ code: "PATH" });
    await expect(send(mode, "named", [dir(0, "."), entry(1, "a")])).rejects.toMatchObject({ code: "PATH" });
  });
});

test("what the receiver cannot bring about has its path at both ends", async () => {
  // A size that is never reached: the memory target tells so when the file ends.
  const entries = [dir(0, "."), dir(1, "d"), entry(2, "f", { size: 5 }), entry(1, "z")];
  const { sent, received } = await send("duplex", "contents", entries);
  expect({ sent, received }).toEqual({ sent: ["d/f"], received: ["d/f"] });
});

test.each<[string, Entry | SyncError, boolean]>([
  ["an odd entry", entry(1, "a", { mtimeSec: maxTimeSec + 1 }), false],
  ["what cannot be told of an entry", new SyncError("UNSUPPORTED", "an attribute"), true],
  ["what cannot be listed", new SyncError("IO", "no access"), false],
])("whether the receiver hears of a whole tree: %s", async (_, odd, isWhole) => {
  const heard: boolean[] = [];
  const inner = memoryTarget(memoryDir());
  const target = override(inner, {
    commit: async (whole: boolean) => {
      heard.push(whole);
      await inner.commit(whole);
    },
  });
  const claimed = claiming([dir(0, "."), ...(odd instanceof SyncError ? [] : [odd])], "x");
  const source = override(claimed, {
    entries(options: SourceOptions) {
      if (odd instanceof SyncError) options.onTrouble?.(odd);
      return claimed.entries(options);
    },
  });
  const [near, far] = duplexPair();
  await Promise.all([sendTree(source, near, { layout: "contents" }), receiveTree(target, far)]);
  expect(heard).toEqual([isWhole]);
});
