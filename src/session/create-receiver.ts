import type { TreeTarget } from "../tree/target.ts";
import { type ReceiveOptions, type ReceiveProgress, type ReceiveSummary, receiveTree } from "./receive.ts";
import {
  type AttemptOptions,
  type Connect,
  type ReconnectOptions,
  type Run,
  startRun,
  withRetries,
} from "./reconnect.ts";
import { type Carried, RunTotals } from "./run-totals.ts";

/**
 * Everything that travelled counts. A file that the next attempt goes through again does not count
 * twice, but for what came of it.
 */
export const carriedByReceiver: Carried<ReceiveProgress> = {
  files: "files",
  finishedBytes: "finishedBytes",
  chunkBytes: "finishedBytes",
  wantedFiles: "files",
  wantedBytes: "finishedBytes",
  receivedBytes: "receivedBytes",
  reusedBytes: ({ finishedBytes, receivedBytes }) => finishedBytes - receivedBytes,
  wireSentBytes: "wireSentBytes",
  wireReceivedBytes: "wireReceivedBytes",
};

export interface ReceiverOptions extends ReceiveOptions, ReconnectOptions {
  /** Connects to a sender. */
  readonly connect: Connect;
  /** Opens where the tree goes; called for each attempt, after which it is closed. */
  readonly openTarget: (attempt: AttemptOptions) => TreeTarget | Promise<TreeTarget>;
}

/**
 * Receives a tree from a sender, and connects anew when the connection breaks: `receiveTree` that
 * does not give up. What the target kept does not come again.
 *
 * Progress and summary are those of the whole run: what travelled and what was finished in all
 * attempts; entries, troubles and failures of the last one, which goes through the whole tree.
 *
 * @example
 *   ```ts
 *   const connect = () => connectWs(url);
 *   await createReceiver({ connect, openTarget: () => openTreeTarget("copy") }).done;
 *   ```
 */
export function createReceiver(options: ReceiverOptions): Run<ReceiveSummary> {
  const { connect, openTarget, onProgress } = options;
  const totals = new RunTotals(carriedByReceiver);
  return startRun(
    (signal) =>
      withRetries(
        async (signs) => {
          totals.begin();
          const { movedBefore } = signs;
          const target = await openTarget({ signal, movedBefore });
          const duplex = await connect({ signal, movedBefore }).catch(async (thrown: unknown) => {
            await target.close().catch(() => {}); // why there is no connection says more
            throw thrown;
          });
          const summary = await receiveTree(target, duplex, {
            ...options,
            signal,
            onProgress: totals.reporting(signs, ({ receivedBytes }) => receivedBytes, onProgress),
          });
          return totals.withBefore(summary);
        },
        { ...options, signal },
      ),
    options.signal,
  );
}
