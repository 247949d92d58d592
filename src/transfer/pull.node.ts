import type { ReceiveSummary } from "../session/receive.ts";
import type { Connect } from "../session/reconnect.ts";
import { encodeOrder } from "../tree/order/order-codec.ts";
import { connectorTo } from "./connector.node.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { connectEarly } from "./early-connection.ts";
import { loadFilter } from "./filter-loading.node.ts";
import { livenessTo } from "./liveness.node.ts";
import type { LoadTarget } from "./opened-places.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place that is opened here up to date with a tree elsewhere. The other end is started
 * before the modules of a session are loaded.
 *
 * @throws USAGE for options that do not go together, LIMIT for too many rules, and what
 *   `createReceiver` does
 */
export async function pull(
  there: RemoteEndpoint,
  loadTarget: LoadTarget,
  options: TransferOptions,
): Promise<ReceiveSummary> {
  const { filter, texts } = await loadFilter(options, "sender");
  const connector = connectorToSender(there, options, texts);
  const { connect, close } = connectEarly(connector, options);
  try {
    const [{ createReceiver }, openTarget] = await Promise.all([
      import("../session/create-receiver.ts"),
      loadTarget(),
    ]);
    const patience = livenessTo(there, options);
    const run = createReceiver({
      ...options,
      ...patience,
      connect,
      openTarget: ({ movedBefore }) => openTarget({ filter, signal: options.signal, movedBefore }),
    });
    return await run.done;
  } finally {
    close();
  }
}

/**
 * How to connect to an end that sends.
 *
 * @param texts the rules for it
 * @throws USAGE for options that do not go together
 */
export function connectorToSender(
  there: RemoteEndpoint,
  options: TransferOptions,
  texts: readonly string[],
): Connect {
  const chunking = options.store === undefined ? options.chunking : "casync";
  const order = encodeOrder({ ...options, chunking, filter: texts }, "sender");
  return connectorTo(there, { direction: "pull", order }, { ...options, ...options.source });
}
