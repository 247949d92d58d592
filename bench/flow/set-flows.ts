import type { DataSet } from "../data/data-set.ts";
import { rows, vacuum } from "../data/database.ts";
import { kernelRenamed, kernelTimes } from "../data/kernel-changes.ts";
import { kernel, kernelPlainTar, kernelTar } from "../data/kernel.ts";
import { log } from "../data/log.ts";
import { million, tiny } from "../data/many-files.ts";
import { modules } from "../data/modules.ts";
import { runs, scatteredEdits, shifts } from "../data/noise.ts";
import { contenders } from "./contender.ts";
import type { Flow } from "./flow.ts";

const { ours, oursArchive, oursCompressed, oursFacts, oursOneWay } = contenders;
const { rsync, rsyncCompressed, rsyncFacts, tar } = contenders;

/** Where nothing but what was changed need travel. */
const bothWays = [
  [ours, rsync],
  [oursCompressed, rsyncCompressed],
] as const;

/** What is kept beside modes and times, beside rsync, and beside less of it. */
const withFacts = [
  [oursFacts, rsyncFacts],
  [oursFacts, oursArchive],
] as const;

const firstCopy = [
  [oursOneWay, rsync],
  [oursOneWay, tar],
  [ours, rsync],
] as const;

function update(name: string, set: DataSet): Flow {
  return {
    name: `update-${name}`,
    title: `over the old version: ${set.title}`,
    set,
    start: "old",
    pairs: bothWays,
  };
}

function noChange(name: string, set: DataSet): Flow {
  return { name, title: `over an exact copy: ${set.title}`, set, start: "same", pairs: [[ours, rsync]] };
}

function first(name: string, set: DataSet): Flow {
  return { name: `first-${name}`, title: `first copy: ${set.title}`, set, start: "empty", pairs: firstCopy };
}

/** Every set in its way: first copy, no change, new version over the old one. */
export const setFlows: readonly Flow[] = [
  first("file", kernelTar),
  first("tree", kernel),
  first("tiny", tiny),
  noChange("no-change", kernel),
  {
    name: "facts-no-change",
    title: `with owners, hard links, attributes and lists, over an exact copy: ${kernel.title}`,
    set: kernel,
    start: "same",
    pairs: withFacts,
  },
  {
    name: "facts-first",
    title: `with owners, hard links, attributes and lists, first copy: ${kernel.title}`,
    set: kernel,
    start: "empty",
    pairs: withFacts,
  },
  { ...noChange("no-change-million", million), long: true },
  update("tree", kernel),
  update("times", kernelTimes),
  update("renamed", kernelRenamed),
  update("file", kernelTar),
  update("plain-file", kernelPlainTar),
  update("modules", modules),
  update("rows", rows),
  update("vacuum", vacuum),
  update("log", log),
  update("runs", runs),
  update("scattered", scatteredEdits),
  update("shifts", shifts),
];
