import { SyncError } from "../errors.ts";
import { createReceiver } from "../session/create-receiver.ts";
import type { ReceiveSummary } from "../session/receive.ts";
import { connectorTo } from "./connector.node.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { filterOf } from "./filter-rules.node.ts";
import { livenessTo } from "./liveness.node.ts";
import { openTarget } from "./open-target.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place here up to date with a tree elsewhere.
 *
 * @throws USAGE for options that do not go together, LIMIT for too many patterns, and what
 *   `createReceiver` does
 */
export async function pull(
  there: RemoteEndpoint,
  place: string,
  options: TransferOptions,
): Promise<ReceiveSummary> {
  const { exclude = [], onConnect } = options;
  if (exclude.length > 0 && there.kind !== "ssh")
    throw new SyncError("USAGE", "--exclude is for HOST:PATH; what a server offers comes whole");
  const protect = filterOf(options.exclude);
  const connect = connectorTo(there, { direction: "pull", exclude }, options);
  const run = createReceiver({
    ...options,
    ...livenessTo(there, options),
    connect(given) {
      onConnect?.();
      return connect(given);
    },
    openTarget: () => openTarget(place, { ...options, protect }),
  });
  return run.done;
}
