import { contenders } from "./contender.ts";
import type { Flow } from "./flow.ts";

const works = [
  { name: "first", title: "first copy of 20 files", source: "small", start: "empty" },
  { name: "few", title: "20 files of which 5 have changed", source: "small", start: "old" },
  { name: "scattered", title: "10,000 small files, all changed", source: "scattered", start: "old" },
] as const;

/** Milliseconds from one end to the other. */
const distances = [0, 10, 100] as const;

/**
 * Work x distance, over a connection that stands already, as ssh's does when the programs begin to
 * speak.
 */
export const farFlows: readonly Flow[] = works.flatMap(({ name, title, source, start }) =>
  distances.map((oneWayMs) => ({
    name: `far-${name}-${oneWayMs}`,
    title: `${title}, over a line of ${oneWayMs} ms each way`,
    source,
    start,
    oneWayMs,
    pairs: [[contenders.ourPush, contenders.rsyncFar]],
  })),
);
