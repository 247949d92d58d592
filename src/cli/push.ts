import { SyncError } from "../errors.ts";
import { createSender } from "../session/create-sender.ts";
import type { SessionWish } from "../transport/session-request.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import { ChangeTally } from "./change-tally.ts";
import { connectorTo } from "../transfer/connector.node.ts";
import { defineCommand } from "./command.ts";
import { deleteOptions, deletionLimitOf } from "./deletion.ts";
import { parseEndpoint } from "../transfer/endpoint.node.ts";
import { excludeOption, filterOf } from "./exclusion.ts";
import { dryRunOption } from "./receiving.ts";
import { readConnectorOptions, reconnectionOf, remoteOptions } from "./remote-options.ts";
import { livenessTo, timeoutOption } from "./session-options.ts";
import { progressOfRun } from "./session-progress.ts";
import { changesTo, reportSession } from "./session-report.ts";
import { openSource } from "./session-source.ts";
import { prepareForSession } from "./engine.ts";

/** `push SRC DST`: brings a place elsewhere up to date with a tree here. */
export const push = defineCommand({
  operands: ["SRC", "DST"],
  options: {
    compress: { type: "boolean", short: "z", about: "compress content that shrinks" },
    ...excludeOption,
    ...dryRunOption,
    ...deleteOptions,
    ...remoteOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: () => false,
  async run({ operands: [from, to], options, report, signal }) {
    const there = parseEndpoint(to);
    if (parseEndpoint(from).kind !== "local")
      throw new SyncError("USAGE", `push sends what is here, not ${from}`);
    if (there.kind === "local")
      throw new SyncError(
        "USAGE",
        `push sends to HOST:PATH or a URL, not to ${to}; from here to here: send ${from} | rsync-stream recv ${to}`,
      );
    prepareForSession();
    const filter = filterOf(options);
    const maxDeletedCount = deletionLimitOf(options);
    const { exclude = [] } = options;
    if (filter && maxDeletedCount !== undefined && there.kind !== "ssh")
      throw new SyncError("USAGE", "a server would delete what --exclude leaves out here");
    const dryRun = options["dry-run"] === true;
    const wish: SessionWish = {
      direction: "push",
      ...(maxDeletedCount !== undefined && { exclude }),
      ...(maxDeletedCount !== undefined && { maxDeletedCount }),
      ...(dryRun && { dryRun }),
    };
    await peek(from);
    let tally = new ChangeTally(report);
    const onChange = dryRun
      ? (change: TreeChange): void => tally.note(change)
      : changesTo(report, maxDeletedCount !== undefined);
    const run = createSender({
      ...progressOfRun(connectorTo(there, wish, readConnectorOptions(there, options, report)), report),
      openSource() {
        tally = new ChangeTally(report);
        return openSource(from, { filter });
      },
      ...(onChange && { onChange }),
      ...(options.compress === true && { compress: true }),
      signal,
      onTrouble: (error) => report.trouble(error),
      ...reconnectionOf(options, report),
      ...livenessTo(there, options),
    });
    const summary = await run.done;
    if (!dryRun) {
      const deletion = maxDeletedCount === undefined ? {} : { deletedEntries: summary.deleted };
      return reportSession(report, "sent", summary, deletion);
    }
    reportSession(report, "compared", summary, tally.summary);
  },
});

/** Finds out before we connect whether there is something to send. */
async function peek(place: string): Promise<void> {
  const source = await openSource(place);
  await source.close();
}
