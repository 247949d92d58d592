import { kernelTar } from "../data/kernel.ts";
import { sparse } from "../data/many-files.ts";
import { fetchers } from "./cafs-http.ts";
import { contenders } from "./contender.ts";
import type { Flow } from "./flow.ts";
import { transports } from "./transports.ts";

/** One big file over HTTP and WebSocket, by sessions and as CAFS fetches it; and one of holes. */
export const wholeFileFlows: readonly Flow[] = [
  {
    name: "transports",
    title: "first copy of one big file over each transport",
    set: kernelTar,
    start: "empty",
    pairs: transports.map((transport) => [transport, contenders.ours] as const),
  },
  {
    name: "cafs-http",
    title: "first fetch of one big file over HTTP",
    set: kernelTar,
    start: "empty",
    pairs: [
      [fetchers.ours, fetchers.plain],
      [fetchers.ours, fetchers.go],
    ],
  },
  {
    name: "cafs-http-same",
    title: "fetch of one big file that is there",
    set: kernelTar,
    start: "same",
    pairs: [[fetchers.ours, fetchers.plain]],
  },
  {
    name: "memory-sparse",
    title: "first copy of a sparse file",
    set: sparse,
    size: "full",
    start: "empty",
    pairs: [[contenders.ours, contenders.rsyncSparse]],
    long: true,
  },
];
