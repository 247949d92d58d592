import type { SendSummary } from "../session/send.ts";
import { encodeOrder } from "../tree/order/order-codec.ts";
import { plainKeep, withoutPrivileges } from "../tree/plan/keep.ts";
import type { Connect } from "../session/reconnect.ts";
import { connectorTo } from "./connector.node.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";
import { connectEarly } from "./early-connection.ts";
import { loadFilter } from "./filter-loading.node.ts";
import { livenessTo } from "./liveness.node.ts";
import type { LoadSource } from "./opened-places.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place elsewhere up to date with a tree that is opened here. The other end is started
 * before the modules of a session are loaded.
 *
 * @throws USAGE for options that do not go together, LIMIT for too many rules, and what
 *   `createSender` does
 */
export async function push(
  loadSource: LoadSource,
  there: RemoteEndpoint,
  options: TransferOptions,
): Promise<SendSummary> {
  const { filter, texts } = await loadFilter(options, "receiver");
  const connector = connectorToReceiver(there, options, texts);
  const { connect, close } = connectEarly(limited(connector, options.bytesPerSecond), options);
  try {
    const [{ createSender }, { chunkMakingFor }, openSource] = await Promise.all([
      import("../session/create-sender.ts"),
      import("./open-source.node.ts"),
      loadSource(),
    ]);
    const patience = livenessTo(there, options);
    const run = createSender({
      ...options,
      ...(await chunkMakingFor(options)),
      ...patience,
      connect,
      openSource: () => openSource({ filter, signal: options.signal }),
    });
    return await run.done;
  } finally {
    close();
  }
}

/** The same connection at a rate, where one is given. */
function limited(connect: Connect, bytesPerSecond: number | undefined): Connect {
  if (bytesPerSecond === undefined) return connect;
  return async (given) => {
    const duplex = await connect(given);
    return (await import("../transport/limited-rate.ts")).limitRate(duplex, bytesPerSecond);
  };
}

/**
 * How to connect to an end that receives.
 *
 * @param texts the rules for it
 * @throws USAGE for options that do not go together
 */
export function connectorToReceiver(
  there: RemoteEndpoint,
  options: TransferOptions,
  texts: readonly string[],
): Connect {
  // Rules are for what would be deleted there; the sender sees to the rest of them.
  const spared = options.maxDeletedCount === undefined ? [] : texts;
  const keep = there.kind === "ssh" ? options.keep : withoutPrivileges(options.keep ?? plainKeep);
  const connectorFor = (restarts: boolean | undefined): Connect => {
    const order = encodeOrder({ ...options, restarts, keep, filter: spared }, "receiver");
    return connectorTo(there, { direction: "push", order }, options);
  };
  const goOn = connectorFor(false);
  if (options.restarts !== true) return goOn;
  const restart = connectorFor(true);
  // What an attempt moved is for the next.
  return async (given) => (given.movedBefore === true ? goOn : restart)(given);
}
