/** The program of the thread that compresses and writes the chunks of a store. */

import { parentPort, workerData } from "node:worker_threads";
import { toSyncError } from "../errors.ts";
import { CastrFiles } from "./castr-files.node.ts";
import type { CastrAnswer, CastrTask } from "./castr-thread.node.ts";
import { nodeCompressor } from "./compressor.node.ts";

const files = new CastrFiles(workerData as string);

async function answer({ number, path, bytes }: CastrTask): Promise<CastrAnswer> {
  try {
    await files.write(path, nodeCompressor.compress(bytes));
    return { number };
  } catch (thrown) {
    const { code, message, detail } = toSyncError(thrown);
    return { number, trouble: { code, message, detail } };
  }
}

parentPort!.on("message", (task: CastrTask) => {
  void answer(task).then((done) => parentPort!.postMessage(done));
});
