import type { DataSet, Size } from "../data/data-set.ts";
import { type Contender, contenders } from "./contender.ts";
import { farFlows } from "./far-flows.ts";
import { setFlows } from "./set-flows.ts";
import { wholeFileFlows } from "./whole-file-flows.ts";

/** Work for whole programs: what is copied, over what, and who is compared with whom. */
export interface Flow {
  readonly name: string;
  readonly title: string;
  /** What is copied; nothing where a program is only started. */
  readonly set?: DataSet;
  /** The size of the set, unless it is the size of the run. */
  readonly size?: Size;
  /** What the destination holds before each run. */
  readonly start: "empty" | "old" | "same";
  /** How far away the host is to which `./far` leads: milliseconds from one end to the other. */
  readonly oneWayMs?: number;
  /** Ours first, then the peer. */
  readonly pairs: readonly (readonly [Contender, Contender])[];
  /** True when it takes minutes and gigabytes. */
  readonly long?: true;
  /** For what is so short that chance weighs more: at least so many rounds. */
  readonly roundCount?: number;
}

/** All flows, in the order in which they run. */
export const flows: readonly Flow[] = [
  {
    name: "startup",
    title: "start and stop, beside Node doing nothing",
    start: "empty",
    pairs: [[contenders.ourVersion, contenders.emptyNode]],
    roundCount: 20,
  },
  ...setFlows,
  ...wholeFileFlows,
  ...farFlows,
];
