/** The program of a thread that reads, expands, compresses and writes the chunks of a store. */

import { parentPort, workerData } from "node:worker_threads";
import { toSyncError } from "../errors.ts";
import { formNamed } from "./castr-form.node.ts";
import type { Bytes } from "../types.ts";
import { CastrFiles } from "./castr-files.node.ts";
import { readCastrChunk } from "./castr-chunk.node.ts";
import type { CastrAnswer, CastrResult, CastrTask, CastrThreadData } from "./castr-thread.node.ts";

const { root, form: names } = workerData as CastrThreadData;
const form = formNamed(names);
const files = new CastrFiles(root);

async function answer({ number, read = [], write }: CastrTask): Promise<CastrAnswer> {
  const results = read.map((id) =>
    outcome(() => ({ bytes: ownBytes(readCastrChunk(root, id, form).bytes) })),
  );
  if (write)
    results.push(outcome(() => files.write(write.path, form.coding.encode(write.bytes)).then(() => ({}))));
  return { number, results: await Promise.all(results) };
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

parentPort!.on("message", (task: CastrTask) => {
  void answer(task).then((done) => {
    const handedOver = done.results.flatMap(({ bytes }) => (bytes ? [bytes.buffer] : []));
    parentPort!.postMessage(done, handedOver);
  });
});
