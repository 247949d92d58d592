import { closingInTheEnd } from "../bytes/closing.ts";
import { override } from "../bytes/override.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { receiveTree, type ReceiveSummary } from "../session/receive.ts";
import { sendTree } from "../session/send.ts";
import { limitRate } from "../transport/limited-rate.ts";
import { duplexPair } from "../transport/memory.ts";
import { loadFilter } from "./filter-loading.node.ts";
import { chunkMakingFor } from "./open-source.node.ts";
import type { LoadSource, LoadTarget } from "./opened-places.node.ts";
import type { TransferOptions } from "./transfer-options.node.ts";

/**
 * Brings a place up to date with a tree, both opened here: both ends of a session in this process.
 *
 * @throws NOT_FOUND when nothing is to be sent, USAGE and LIMIT for the filter, USAGE when what is
 *   removed at the source would be what has arrived, and what `receiveTree` does
 */
export async function copy(
  loadSource: LoadSource,
  loadTarget: LoadTarget,
  options: TransferOptions,
): Promise<ReceiveSummary> {
  const { filter } = await loadFilter(options, "receiver");
  const { bytesPerSecond, signal, onConnect } = options;
  const opened = await (await loadSource())({ filter, signal });
  const { onTrouble = () => {} } = options;
  const source = opened.arrived ? override(opened, { arrived: () => opened.arrived!(onTrouble) }) : opened;
  return closingInTheEnd(
    async () => {
      const target = await (await loadTarget())({ filter, signal });
      const making = await chunkMakingFor(options);
      const [left, right] = duplexPair();
      onConnect?.();
      const [sent, received] = await Promise.allSettled([
        sendTree(source, limitRate(left, bytesPerSecond), { ...making, ...(signal && { signal }) }),
        receiveTree(target, right, { ...options, onTrouble: (error) => onTrouble(asOfHere(error)) }),
      ]);
      if (received.status === "fulfilled") return received.value;
      const { reason } = received;
      const tellsLess = isSyncError(reason) && (reason.remote || reason.code === "PEER_GONE");
      throw sent.status === "rejected" && tellsLess ? sent.reason : reason;
    },
    () => source.close(),
  );
}

/** What the sender told: there is no other end. */
function asOfHere({ cause, code, detail, message }: SyncError): SyncError {
  return new SyncError(code, message, { cause, detail });
}
