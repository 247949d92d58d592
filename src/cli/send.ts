import { isSyncError, SyncError } from "../errors.ts";
import { readChunkList } from "../session/list.ts";
import { sendTree, type SendOptions } from "../session/send.ts";
import { duplexOf } from "../transport/channel.ts";
import { defineCommand } from "./command.ts";
import { readFileBlocks } from "./file-blocks.ts";
import { progressOf, reportSession } from "./session-report.ts";
import { livenessOf, sessionOptions } from "./session-options.ts";
import { openSource } from "./session-source.ts";
import { duplexChannel, outputChannel } from "./stdio.ts";
import { excludeOption, exclusionOf } from "./exclusion.ts";
import { keepHeapSmall } from "./small-heap.ts";

/** `send SRC`: a tree as a stream. */
export const send = defineCommand({
  operands: ["SRC"],
  options: {
    have: { type: "string", value: "LIST", about: "leave out content that a list of `have` names" },
    ...excludeOption,
    compress: { type: "boolean", short: "z", about: "compress content that shrinks" },
    ...sessionOptions,
  },
  writesOutput: () => true,
  async run({ operands: [place], options, report, signal }) {
    keepHeapSmall();
    const duplex = options.duplex === true;
    const source = await openSource(place, exclusionOf(options));
    try {
      const list = options.have === undefined ? {} : await readList(options.have, signal);
      const channel = duplex ? duplexChannel() : outputChannel();
      const summary = await sendTree(source, duplexOf(channel), {
        mode: duplex ? "duplex" : "one-way",
        layout: source.layout,
        ...(options.compress === true && { compress: true }),
        signal,
        onTrouble: (error) => report.trouble(error),
        onProgress: (session) => report.progress(progressOf(session)),
        ...livenessOf(options),
        ...list,
      });
      reportSession(report, "sent", summary);
    } finally {
      await source.close();
    }
  },
});

/** What the receiver has, and the rule by which its list cut: chunks are found again only by the same. */
async function readList(path: string, signal: AbortSignal): Promise<Pick<SendOptions, "have" | "cutter">> {
  try {
    const { chunks, cutter } = await readChunkList(readFileBlocks(path, { signal }));
    return { have: chunks, cutter };
  } catch (thrown) {
    if (!isSyncError(thrown) || thrown.detail.path !== undefined) throw thrown;
    const message = `this is no list that \`have\` wrote: ${thrown.message}`;
    throw new SyncError(thrown.code, message, { cause: thrown, detail: { ...thrown.detail, path } });
  }
}
