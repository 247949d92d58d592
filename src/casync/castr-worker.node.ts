/** The program of a thread that reads, expands, compresses and writes the chunks of a store. */

import { parentPort, workerData } from "node:worker_threads";
import { toSyncError } from "../errors.ts";
import { formNamed } from "./castr-form.node.ts";
import type { Bytes } from "../types.ts";
import { CastrFiles } from "./castr-files.node.ts";
import { readCastrChunk } from "./castr-chunk.node.ts";
import type { Answered, Asked } from "./asked-thread.node.ts";
import type { CastrResult, CastrTask, CastrThreadData } from "./castr-thread.node.ts";

const { root, form: names } = workerData as CastrThreadData;
const form = formNamed(names);
const files = new CastrFiles(root);

async function resultsOf({ read = [], write }: CastrTask): Promise<readonly CastrResult[]> {
  const results = read.map((id) =>
    outcome(() => ({ bytes: ownBytes(readCastrChunk(root, id, form).bytes) })),
  );
  if (write)
    results.push(outcome(() => files.write(write.path, form.coding.encode(write.bytes)).then(() => ({}))));
  return Promise.all(results);
}

async function outcome(work: () => CastrResult | Promise<CastrResult>): Promise<CastrResult> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message, detail } = toSyncError(thrown);
    return { trouble: { code, message, detail } };
  }
}

/** The same bytes as all of their memory, so that it can be handed over. */
function ownBytes(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const { buffer, length } = bytes;
  const isAll = buffer instanceof ArrayBuffer && buffer.byteLength === length;
  return isAll ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

parentPort!.on("message", ({ number, task }: Asked<CastrTask>) => {
  void resultsOf(task).then((result) => {
    const handedOver = result.flatMap(({ bytes }) => (bytes ? [bytes.buffer] : []));
    parentPort!.postMessage({ number, result } satisfies Answered<readonly CastrResult[]>, handedOver);
  });
});
