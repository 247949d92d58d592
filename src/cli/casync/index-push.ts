import { nodeCoding } from "../../casync/compressor.node.ts";
import { digestOfIndex } from "../../casync/index-header.ts";
import { pushIndex } from "../../casync/push-index.ts";
import { connectPush } from "../../casync/ssh-chunks.node.ts";
import { storedChunk } from "../../casync/stored-chunks.ts";
import { SyncError, toSyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { defineCommand } from "../command.ts";
import { countOf } from "../report/count-of.ts";
import { openIndex, openIndexBytes } from "./index-file.ts";
import { indexAccess, readerOf, storeOptions } from "./store-options.ts";

/** `index push INDEX HOST:INDEX HOST:STORE`: gives an index and its chunks to casync elsewhere. */
export const indexPush = defineCommand({
  operands: ["INDEX", "HOST:INDEX", "HOST:STORE"],
  options: storeOptions,
  writesOutput: () => false,
  async run({ operands: [place, to, beside], options, report, signal }) {
    if (place === "-") throw new SyncError("USAGE", "INDEX is read twice, so it cannot be standard input");
    const access = { signal, ...indexAccess(report, options) };
    const header = await openIndex(place, access);
    await header.close();
    await using store = readerOf(options, report, digestOfIndex(header));
    const channel = connectPush(to, beside);
    signal.addEventListener("abort", () => channel.abort(signal.reason), { once: true });
    const stored = async (id: Bytes) => {
      try {
        return await storedChunk(store, id, nodeCoding, { signal });
      } catch (thrown) {
        signal.throwIfAborted();
        report.trouble(toSyncError(thrown));
        return undefined;
      }
    };
    const count = await pushIndex(channel, { index: await openIndexBytes(place, access), stored });
    report.notice(`${countOf(count, "chunk")} sent`, { chunks: count });
  },
});
