import type { Lap } from "./lap.ts";
import type { Standing } from "./race.ts";

/** Processor time of all programs of a lap; NaN where it is not known. */
export function cpuSecondsOf({ programs }: Pick<Lap, "programs">): number {
  return Object.entries(programs)
    .filter(([name]) => name !== "server") // its client answers for it
    .reduce((sum, [, { cpuSeconds }]) => sum + cpuSeconds, 0);
}

/** Memory of the largest process of all laps; NaN where it is not known. */
export function peakBytesOf({ laps }: Standing): number {
  return Math.max(
    ...laps.flatMap(({ programs }) => Object.values(programs).map(({ peakBytes }) => peakBytes)),
  );
}
