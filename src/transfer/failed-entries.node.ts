import type { TransferSummary } from "./transfer-options.node.ts";

/**
 * How many entries failed, at either end. A receiver counts among its own failures those that the
 * sender has among its troubles.
 */
export function countFailed(session: TransferSummary): number {
  const twiceCount = session.type === "receive" ? Math.min(session.failedAtSender, session.troubles) : 0;
  return session.failed + session.troubles - twiceCount;
}
