import type { Windows } from "../../src/session/hello.ts";
import type { Scenario } from "./session-model.ts";
import type { Refusal } from "./tiny-target.ts";
import { tinyTree } from "./tiny-tree.ts";

/** Scenarios by name. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** Windows that are full with the first frame of each level. */
const narrow: Windows = { entries: 1, chunks: 1, data: 1 };

const plain: Omit<Scenario, "source" | "old"> = {
  windows: narrow,
  keptBytes: 0,
  batchEntryCount: 1,
  runChunkCount: 1,
  dropCount: 0,
};

const update: Scenario = {
  ...plain,
  dropCount: 1,
  batchEntryCount: 2,
  runChunkCount: 2,
  source: tinyTree({ a: "xy@2", b: "y" }),
  old: tinyTree({ a: "xz" }),
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
  "a file that changes under way": {
    ...plain,
    promptReceiver: true,
    batchEntryCount: 2,
    source: tinyTree({ a: "xy@2", b: "y" }),
    old: tinyTree({ a: "xz" }),
    changing: { path: "a", content: "xq" },
  },
};

/** Where each flaw is looked for: something of everything. */
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

const trees = {
  "a first copy": { source: tinyTree({ "d/": "", "d/a": "xyx", "d/b": "", e: "yz" }), old: tinyTree({}) },
  "an update": { source: tinyTree({ a: "pq@2", b: "u", c: "qt" }), old: tinyTree({ a: "pz", b: "u" }) },
  "small updates": {
    source: tinyTree({ a: "x@2", b: "y@2", c: "x@2", d: "z@2" }),
    old: tinyTree({ a: "o", b: "o", c: "z", d: "o" }),
  },
};

const windowSizes = {
  narrow,
  "narrow above": { entries: 1, chunks: 80, data: 2 },
  "narrow below": { entries: 30, chunks: 1000, data: 1 },
  wide: { entries: 1000, chunks: 1000, data: 1000 },
};

const refusals: Readonly<Record<string, Refusal>> = {
  "all can be written": undefined,
  "a cannot be planned": { path: "a", at: "plan" },
  "c cannot be written": { path: "c", at: "write" },
  "c cannot be finished": { path: "c", at: "finish" },
};

const sizes = {
  "one by one": { batchEntryCount: 1, runChunkCount: 1, keptBytes: 0 },
  "two at once": { batchEntryCount: 2, runChunkCount: 2, keptBytes: 1 },
  "all kept": { batchEntryCount: 1, runChunkCount: 2, keptBytes: 1000 },
};

/** Every combination of these with two drops, and with a file that changes and one drop. */
export function largeScenarios(): Scenarios {
  const all: Record<string, Scenario> = {};
  for (const [tree, files] of Object.entries(trees)) {
    for (const [width, windows] of Object.entries(windowSizes)) {
      for (const [size, amounts] of Object.entries(sizes)) {
        const scenario = { ...files, windows, ...amounts, promptReceiver: true };
        const name = `${tree}, ${width}, ${size}`;
        all[`${name}, two drops`] = { ...scenario, dropCount: 2 };
        if (!files.source.has("c")) continue;
        const changing = { path: "a", content: "r" };
        for (const [trouble, refusal] of Object.entries(refusals))
          all[`${name}, a changes, ${trouble}`] = { ...scenario, dropCount: 1, changing, refusal };
      }
    }
  }
  return all;
}
