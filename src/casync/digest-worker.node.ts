/** The program of a thread that names chunks. */

import { parentPort, workerData } from "node:worker_threads";
import { type CutBlock, nameBlock, type NamedBlock } from "../chunk/cut-blocks.ts";
import type { Answered, Asked } from "./asked-thread.node.ts";
import { namedDigests } from "./named-digests.ts";

const digest = namedDigests[workerData as keyof typeof namedDigests];

parentPort!.on("message", ({ number, task }: Asked<CutBlock>) => {
  const result = nameBlock(task, digest);
  // All of it is handed over: what is left here would wait long for the collector.
  const handedOver = [result.memory.buffer, result.ends.buffer, result.ids.buffer];
  parentPort!.postMessage({ number, result } satisfies Answered<NamedBlock>, handedOver);
});
