import type { DataSet } from "../data/data-set.ts";
import { rows } from "../data/database.ts";
import { kernelRenamed, kernelTimes } from "../data/kernel-changes.ts";
import { kernel, kernelPlainTar } from "../data/kernel.ts";
import { log } from "../data/log.ts";
import { few, scattered } from "../data/many-files.ts";
import { runs } from "../data/noise.ts";
import { contenders } from "./contender.ts";
import type { Flow } from "./flow.ts";

interface FarWork {
  readonly name: string;
  readonly set: DataSet;
  readonly start: Flow["start"];
  /** Full unless given: what counts is the line. */
  readonly size?: "quick";
}

const works: readonly FarWork[] = [
  { name: "first", set: few, start: "empty" },
  { name: "few", set: few, start: "old" },
  { name: "scattered", set: scattered, start: "old" },
  { name: "same", set: kernel, start: "same", size: "quick" },
  { name: "tree", set: kernel, start: "old", size: "quick" },
  { name: "times", set: kernelTimes, start: "old", size: "quick" },
  { name: "renamed", set: kernelRenamed, start: "old", size: "quick" },
  { name: "plain-file", set: kernelPlainTar, start: "old", size: "quick" },
  { name: "rows", set: rows, start: "old", size: "quick" },
  { name: "log", set: log, start: "old", size: "quick" },
  { name: "runs", set: runs, start: "old", size: "quick" },
];

/** Milliseconds from one end to the other. */
const distances = [0, 10, 100] as const;

/**
 * Work x distance, over a connection that stands already, as ssh's does when the programs begin to
 * speak.
 */
export const farFlows: readonly Flow[] = works.flatMap(({ name, set, start, size }) =>
  distances.map((oneWayMs) => ({
    name: `far-${name}-${oneWayMs}`,
    title: `${start === "empty" ? "first copy" : start === "same" ? "no change" : "update"} over a line of ${oneWayMs} ms each way: ${set.title}`,
    set,
    size: size ?? "full",
    start,
    oneWayMs,
    pairs: [[contenders.ourPush, contenders.rsyncFar]],
  })),
);
