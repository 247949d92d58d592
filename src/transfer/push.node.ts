import { SyncError } from "../errors.ts";
import { createSender } from "../session/create-sender.ts";
import type { SendSummary } from "../session/send.ts";
import type { SessionWish } from "../transport/session-request.ts";
import { connectorTo } from "./connector.node.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { filterOf } from "./filter-rules.node.ts";
import { livenessTo } from "./liveness.node.ts";
import { openSource } from "./open-source.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place elsewhere up to date with a tree here.
 *
 * @throws USAGE for options that do not go together, NOT_FOUND when nothing is to be sent, LIMIT
 *   for too many patterns, and what `createSender` does
 */
export async function push(
  place: string,
  there: RemoteEndpoint,
  options: TransferOptions,
): Promise<SendSummary> {
  const { exclude, onConnect } = options;
  const filter = filterOf(exclude);
  const connect = connectorTo(there, wishOf(there, options), options);
  await peek(place);
  const run = createSender({
    ...options,
    ...livenessTo(there, options),
    connect(given) {
      onConnect?.();
      return connect(given);
    },
    openSource: () => openSource(place, { filter }),
  });
  return run.done;
}

function wishOf(there: RemoteEndpoint, options: TransferOptions): SessionWish {
  const { exclude = [], maxDeletedCount, dryRun } = options;
  const wish = { direction: "push", ...(dryRun === true && { dryRun }) } as const;
  if (maxDeletedCount === undefined) return wish;
  if (exclude.length > 0 && there.kind !== "ssh")
    throw new SyncError("USAGE", "a server would delete what --exclude leaves out here");
  return { ...wish, maxDeletedCount, exclude };
}

/** Finds out before we connect whether there is something to send. */
async function peek(place: string): Promise<void> {
  const source = await openSource(place);
  await source.close();
}
