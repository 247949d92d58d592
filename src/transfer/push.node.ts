import type { SendSummary } from "../session/send.ts";
import { encodeOrder } from "../tree/order/order-codec.ts";
import { plainKeep, withoutPrivileges } from "../tree/plan/keep.ts";
import type { Connect } from "../session/reconnect.ts";
import { limitRate } from "../transport/limited-rate.ts";
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
  // Rules are for what would be deleted there; the rest of them is seen to here.
  const spared = options.maxDeletedCount === undefined ? [] : texts;
  const keep = there.kind === "ssh" ? options.keep : withoutPrivileges(options.keep ?? plainKeep);
  const order = encodeOrder({ ...options, keep, filter: spared }, "receiver");
  const connector = connectorTo(there, { direction: "push", order }, options);
  const limited: Connect = async (given) => limitRate(await connector(given), options.bytesPerSecond);
  const { connect, close } = connectEarly(limited, options);
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
      openSource: () => openSource({ filter }),
    });
    return await run.done;
  } finally {
    close();
  }
}
