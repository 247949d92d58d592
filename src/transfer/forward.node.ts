import { SyncError } from "../errors.ts";
import { passSession } from "../session/pass-session.ts";
import { carriedByReceiver } from "../session/create-receiver.ts";
import type { ReceiveProgress, ReceiveSummary } from "../session/receive.ts";
import { type AttemptSigns, withRetries } from "../session/reconnect.ts";
import { RunTotals } from "../session/run-totals.ts";
import { channelOf } from "../transport/channel.ts";
import type { Duplex } from "../types.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { loadFilter } from "./filter-loading.node.ts";
import { connectorToSender } from "./pull.node.ts";
import { connectorToReceiver } from "./push.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place elsewhere up to date with a tree elsewhere: has the one end send and the other
 * receive, and passes on what they say.
 *
 * @throws USAGE for options that do not go together, LIMIT for too many rules, and what
 *   `passSession` does
 */
export async function forward(
  source: RemoteEndpoint,
  target: RemoteEndpoint,
  options: TransferOptions,
): Promise<ReceiveSummary> {
  if (options.compress === true)
    throw new SyncError("USAGE", "content is not compressed where neither end is here");
  const [forSender, forReceiver] = [
    await loadFilter(options, "sender"),
    await loadFilter(options, "receiver"),
  ];
  const order = { ...options, tellsChanges: options.onChange !== undefined };
  const connectSender = connectorToSender(source, order, forSender.texts);
  const connectReceiver = connectorToReceiver(target, { ...options, onConnect: () => {} }, forReceiver.texts);
  const totals = new RunTotals<ReceiveProgress>(carriedByReceiver);
  const attempt = async (signs: AttemptSigns): Promise<ReceiveSummary> => {
    totals.begin();
    const { signal } = options;
    const { movedBefore } = signs;
    const given = { movedBefore, ...(signal && { signal }) };
    const [sender, receiver] = await both(connectSender(given), connectReceiver(given));
    const summary = await passSession(sender, receiver, {
      ...options,
      onProgress(progress) {
        signs.heard ||= progress.wireSentBytes > 0 && progress.wireReceivedBytes > 0;
        signs.moved ||= progress.receivedBytes > 0;
        const whole = totals.withBefore(progress);
        options.onProgress?.(whole);
      },
    });
    return totals.withBefore(summary);
  };
  return withRetries(attempt, options);
}

/** Both connections, or none. @throws why one could not be made */
async function both(first: Promise<Duplex>, second: Promise<Duplex>): Promise<[Duplex, Duplex]> {
  const made = await Promise.allSettled([first, second]);
  const failure = made.find((one) => one.status === "rejected");
  if (failure === undefined) return [await first, await second];
  for (const one of made) if (one.status === "fulfilled") channelOf(one.value).abort(failure.reason);
  throw failure.reason;
}
