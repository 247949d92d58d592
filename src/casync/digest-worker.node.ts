/** The program of a thread that names chunks. */

import { parentPort, workerData } from "node:worker_threads";
import type { CutBlock, NamedBlock } from "../chunk/cut-blocks.ts";
import { sha256Digest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import type { Answered, Asked } from "./asked-thread.node.ts";
import { nameBlock } from "./name-block.ts";

const digest = [sha512_256Digest, sha256Digest].find(({ name }) => name === workerData)!;

parentPort!.on("message", ({ number, task }: Asked<CutBlock>) => {
  const result = nameBlock(task, digest);
  parentPort!.postMessage({ number, result } satisfies Answered<NamedBlock>, [task.memory.buffer]);
});
