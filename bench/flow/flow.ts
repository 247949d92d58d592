import { fetchers } from "./cafs-http.ts";
import { type Contender, contenders } from "./contender.ts";
import { farFlows } from "./far-flows.ts";
import { transports } from "./transports.ts";

/** Work for whole programs: what is copied, over what, and who is compared with whom. */
export interface Flow {
  readonly name: string;
  readonly title: string;
  readonly source: "tree" | "file" | "small" | "scattered" | "sparse" | "many" | "nothing";
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

const { ours, oursCompressed, oursOneWay, rsync, rsyncCompressed, rsyncSparse, tar } = contenders;

const update = [
  [ours, rsync],
  [ours, rsyncCompressed],
  [oursCompressed, rsyncCompressed],
] as const;

const firstCopy = [
  [oursOneWay, rsync],
  [oursOneWay, tar],
  [ours, rsync],
] as const;

/** All flows, in the order in which they run. */
export const flows: readonly Flow[] = [
  {
    name: "startup",
    title: "start and stop, beside Node doing nothing",
    source: "nothing",
    start: "empty",
    pairs: [[contenders.ourVersion, contenders.emptyNode]],
    roundCount: 20,
  },
  {
    name: "first-file",
    title: "first copy of one big file",
    source: "file",
    start: "empty",
    pairs: firstCopy,
  },
  {
    name: "first-tree",
    title: "first copy of a tree",
    source: "tree",
    start: "empty",
    pairs: firstCopy,
  },
  {
    name: "no-change",
    title: "a tree over its exact copy",
    source: "tree",
    start: "same",
    pairs: [[ours, rsync]],
  },
  {
    name: "update-tree",
    title: "new version of a tree over the old one",
    source: "tree",
    start: "old",
    pairs: update,
  },
  {
    name: "update-file",
    title: "new version of a tar file over the old one",
    source: "file",
    start: "old",
    pairs: update,
  },
  {
    name: "transports",
    title: "first copy of one big file over each transport",
    source: "file",
    start: "empty",
    pairs: transports.map((transport) => [transport, ours] as const),
  },
  ...farFlows,
  {
    name: "cafs-http",
    title: "first fetch of one big file over HTTP",
    source: "file",
    start: "empty",
    pairs: [
      [fetchers.ours, fetchers.plain],
      [fetchers.ours, fetchers.go],
    ],
  },
  {
    name: "cafs-http-same",
    title: "fetch of one big file that is there",
    source: "file",
    start: "same",
    pairs: [[fetchers.ours, fetchers.plain]],
  },
  {
    name: "memory-sparse",
    title: "first copy of a sparse file of 20 GB",
    source: "sparse",
    start: "empty",
    pairs: [[ours, rsyncSparse]],
    long: true,
  },
  {
    name: "memory-many",
    title: "first copy of 300,000 files",
    source: "many",
    start: "empty",
    pairs: [[ours, rsync]],
    long: true,
  },
];
