import { SyncError } from "../errors.ts";
import type { SendSummary } from "../session/send.ts";
import type { SessionWish } from "../transport/session-request.ts";
import { checkSource } from "./check-source.node.ts";
import { connectorTo } from "./connector.node.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { connectEarly } from "./early-connection.ts";
import { loadFilter } from "./filter-loading.node.ts";
import { livenessTo } from "./liveness.node.ts";
import { planWords } from "./plan-words.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place elsewhere up to date with a tree here. The other end is started before the modules
 * of a session are loaded.
 *
 * @throws USAGE for options that do not go together, NOT_FOUND when nothing is to be sent, LIMIT
 *   for too many rules, and what `createSender` does
 */
export async function push(
  place: string,
  there: RemoteEndpoint,
  options: TransferOptions,
): Promise<SendSummary> {
  const { filter, texts } = await loadFilter(options, "receiver");
  const connector = connectorTo(there, wishOf(there, options, texts), options);
  checkSource(place);
  const { connect, close } = connectEarly(connector, options);
  try {
    const [{ createSender }, { openSource }] = await Promise.all([
      import("../session/create-sender.ts"),
      import("./open-source.node.ts"),
    ]);
    const patience = livenessTo(there, options);
    const run = createSender({
      ...options,
      ...patience,
      connect,
      openSource: () => openSource(place, { filter }),
    });
    return await run.done;
  } finally {
    close();
  }
}

function wishOf(there: RemoteEndpoint, options: TransferOptions, texts: readonly string[]): SessionWish {
  const { deletesExcluded = false, maxDeletedCount, dryRun, rule } = options;
  const asked = planWords(rule);
  if (asked.length > 0 && there.kind !== "ssh")
    throw new SyncError("USAGE", `a server takes no ${asked[0]!.replace(/=.*/, "")}; it is for HOST:PATH`);
  const wish = { direction: "push", planWords: asked, ...(dryRun === true && { dryRun }) } as const;
  if (maxDeletedCount === undefined) return wish;
  if (texts.length > 0 && there.kind !== "ssh")
    throw new SyncError(
      "USAGE",
      "a server would delete what a filter spares; leave out --delete, or give rules for the sender alone, as in --filter='H *.o'",
    );
  return { ...wish, maxDeletedCount, filter: texts, deletesExcluded };
}
