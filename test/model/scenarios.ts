import type { Windows } from "../../src/session/hello.ts";
import type { Scenario } from "./session-model.ts";
import { letterBytes, tinyTree } from "./tiny-tree.ts";

/** Scenarios by name. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** Windows that are full with the first frame of each level. */
const narrow: Windows = { entries: 1, chunks: 1, data: 1 };

const plain: Omit<Scenario, "source" | "old"> = {
  windows: narrow,
  usesPieces: false,
  keptBytes: 0,
  batchEntryCount: 1,
  runChunkCount: 1,
  dropCount: 0,
};

const update: Scenario = {
  ...plain,
  keptBytes: 2 * letterBytes,
  dropCount: 1,
  batchEntryCount: 2,
  runChunkCount: 2,
  source: tinyTree({ a: "xy@2", b: "y" }),
  old: tinyTree({ a: "xz" }),
};

/** Old versions of which one has a piece, and seems to have another; and one that is the same. */
const edits: Pick<Scenario, "source" | "old"> = {
  source: tinyTree({ a: "xy@2", b: "uv@2" }),
  old: tinyTree({ a: "zY", b: "uv" }),
};

/** Directories of which one is the same, and is not listed where directories are compared. */
const dirs: Pick<Scenario, "source" | "old" | "usesSubtrees"> = {
  usesSubtrees: true,
  source: tinyTree({ "d/": "", "d/a/": "", "d/a/x": "x", "d/b/": "", "d/b/y": "y@2" }),
  old: tinyTree({ "d/": "", "d/a/": "", "d/a/x": "x", "d/b/": "", "d/b/y": "z" }),
};

/** What every run of the tests explores. */
export const smallScenarios: Scenarios = {
  "three files, every window full": {
    ...plain,
    promptReceiver: true,
    source: tinyTree({ a: "xy@2", b: "yw", c: "v" }),
    old: tinyTree({ a: "xz" }),
    refusal: { path: "c", at: "write" },
  },
  "a first copy that drops twice": {
    ...plain,
    promptReceiver: true,
    dropCount: 2,
    runChunkCount: 2,
    source: tinyTree({ "d/": "", "d/a": "xyx" }),
    old: tinyTree({}),
  },
  "an update that drops, any order": update,
  "an update that drops, a prompt receiver": { ...update, promptReceiver: true },
  "old versions, one of them mistaken": {
    ...plain,
    ...edits,
    usesPieces: true,
    promptReceiver: true,
    batchEntryCount: 2,
  },
  "directories, one of them the same": { ...plain, ...dirs, dropCount: 1, promptReceiver: true },
  "directories, all of them the same": { ...plain, ...dirs, old: dirs.source, dropCount: 1 },
  "directories that the receiver does not have": {
    ...plain,
    ...dirs,
    source: tinyTree({ "d/": "", "d/a/": "", "d/a/x": "x" }),
    old: tinyTree({}),
    dropCount: 1,
    promptReceiver: true,
  },
  "a file that waits for others, and one that does not": {
    ...plain,
    source: tinyTree({ a: "xy@2", b: "v" }),
    old: tinyTree({ a: "xz" }),
    waiting: "a",
    dropCount: 1,
    promptReceiver: true,
  },
  "a file that changes before its directory is listed": {
    ...plain,
    ...dirs,
    promptReceiver: true,
    batchEntryCount: 2,
    changing: { path: "d/a/x", content: "w" },
  },
  "a file that changes under way": {
    ...plain,
    promptReceiver: true,
    batchEntryCount: 2,
    source: tinyTree({ a: "xy@2", b: "y" }),
    old: tinyTree({ a: "xz" }),
    changing: { path: "a", content: "xq" },
  },
};

/** Where flaws of files in ranges are looked for. */
export const flawedRanges: Scenario = {
  ...plain,
  promptReceiver: true,
  source: tinyTree({ a: "xy", b: "v" }),
  old: tinyTree({}),
  waiting: "a",
};

/** Where flaws of old versions are looked for. */
export const flawedPieces: Scenario = { ...plain, ...edits, usesPieces: true, promptReceiver: true };

/** Where flaws of the comparison of directories are looked for. */
export const flawedSubtrees: Scenario = { ...plain, ...dirs, promptReceiver: true };

/** Where each other flaw is looked for: something of everything. */
export const flawedScenario: Scenario = {
  ...plain,
  promptReceiver: true,
  batchEntryCount: 2,
  runChunkCount: 2,
  source: tinyTree({ a: "pq@2", b: "u", c: "t" }),
  old: tinyTree({ a: "pz", b: "u" }),
  changing: { path: "a", content: "pz" },
  refusal: { path: "c", at: "write" },
};

const trees: Scenarios = {
  "a first copy": {
    ...plain,
    source: tinyTree({ "d/": "", "d/a": "xyx", "d/b": "", e: "yz" }),
    old: tinyTree({}),
  },
  "an update": {
    ...plain,
    source: tinyTree({ a: "pq@2", b: "u", c: "qt" }),
    old: tinyTree({ a: "pz", b: "u" }),
  },
  "small updates": {
    ...plain,
    source: tinyTree({ a: "x@2", b: "y@2", c: "x@2", d: "z@2" }),
    old: tinyTree({ a: "o", b: "o", c: "z", d: "o" }),
  },
  edits: { ...plain, ...edits, usesPieces: true },
  directories: { ...plain, ...dirs },
  "edits, one of them of nothing alike": {
    ...plain,
    usesPieces: true,
    source: tinyTree({ a: "xyz@2", b: "uv@2" }),
    old: tinyTree({ a: "tst", b: "wv" }),
  },
};

const windowSizes = {
  narrow,
  "narrow above": { entries: 1, chunks: 80, data: 2 * letterBytes },
  wide: { entries: 1e6, chunks: 1e6, data: 1e6 },
};

const sizes = {
  "one by one": { batchEntryCount: 1, runChunkCount: 1, keptBytes: 0 },
  "two at once": { batchEntryCount: 2, runChunkCount: 2, keptBytes: letterBytes },
};

const troubles: Readonly<Record<string, Partial<Scenario>>> = {
  "two drops": { dropCount: 2 },
  "a changes": { changing: { path: "a", content: "r" } },
  "a changes, a drop": { changing: { path: "a", content: "xq" }, dropCount: 1 },
  "a cannot be planned": { refusal: { path: "a", at: "plan" } },
  "a cannot be written": { refusal: { path: "a", at: "write" } },
  "a cannot be finished": { refusal: { path: "a", at: "finish" } },
};

/** Every combination of these. */
export function largeScenarios(): Scenarios {
  const all: Record<string, Scenario> = {};
  for (const [tree, files] of Object.entries(trees)) {
    for (const [width, windows] of Object.entries(windowSizes)) {
      for (const [size, amounts] of Object.entries(sizes)) {
        for (const [trouble, what] of Object.entries(troubles)) {
          if (what.changing && !files.source.has(what.changing.path)) continue;
          const name = `${tree}, ${width}, ${size}, ${trouble}`;
          all[name] = { ...files, windows, ...amounts, ...what, promptReceiver: true };
        }
      }
    }
  }
  return all;
}
