import { receiveTree } from "../session/receive.ts";
import { duplexOf } from "../transport/channel.ts";
import { openTreeTarget } from "../tree/target.node.ts";
import { defineCommand } from "./command.ts";
import { deleteOptions, Deletion } from "./deletion.ts";
import { progressOf, reportSession } from "./session-report.ts";
import { livenessOf, sessionOptions } from "./session-options.ts";
import { duplexChannel, inputChannel } from "./stdio.ts";
import { keepHeapSmall } from "./small-heap.ts";

/** `recv DST`: a tree from a stream. */
export const recv = defineCommand({
  operands: ["DST"],
  options: {
    fsync: { type: "boolean", about: "wait for the disk before a file gets its name" },
    ...deleteOptions,
    ...sessionOptions,
  },
  writesOutput: ({ duplex }) => duplex === true,
  async run({ operands: [place], options, report, signal }) {
    keepHeapSmall();
    const duplex = options.duplex === true;
    const channel = duplex ? duplexChannel() : inputChannel();
    const deletion = new Deletion(options);
    const target = await openTreeTarget(place, {
      durable: options.fsync === true,
      ...deletion.targetOptions,
    });
    const summary = await receiveTree(target, duplexOf(channel), {
      duplex,
      signal,
      onTrouble: (error) => report.trouble(error),
      onProgress: (session) => report.progress(progressOf(session)),
      ...livenessOf(options),
    });
    reportSession(report, "received", summary, deletion.summary);
  },
});
