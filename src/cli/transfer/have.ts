import { closingInTheEnd } from "../../bytes/closing.ts";
import { sendTree } from "../../session/send.ts";
import { duplexOf } from "../../transport/channel.ts";
import { defineCommand } from "../command.ts";
import { progressTo } from "../report/session-progress.ts";
import { reportSession } from "../report/session-report.ts";
import { livenessOf } from "../options/session-options.ts";
import { openSource } from "../../transfer/open-source.node.ts";
import { outputChannel } from "../../transfer/standard-streams.node.ts";
import { prepareForSession } from "../engine.ts";

/** `have DST`: the ids of all chunks in a tree, as a stream without content. */
export const have = defineCommand({
  operands: ["DST"],
  options: {},
  knowsRsync: true,
  writesOutput: () => true,
  async run({ operands: [place], report, signal }) {
    prepareForSession("one-way");
    const source = await openSource(place);
    const list = async (): Promise<void> => {
      const summary = await sendTree(source, duplexOf(outputChannel()), {
        mode: "list",
        signal,
        onTrouble: (error) => report.trouble(error),
        ...progressTo(report),
        ...livenessOf({}),
      });
      reportSession(report, "listed", summary);
    };
    await closingInTheEnd(list, () => source.close());
  },
});
