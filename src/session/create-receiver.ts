import type { TreeTarget } from "../tree/tree.ts";
import { type ReceiveOptions, type ReceiveSummary, receiveTree } from "./receive.ts";
import { type Connect, type ReconnectOptions, type Run, startRun, withRetries } from "./reconnect.ts";

export interface ReceiverOptions extends ReceiveOptions, ReconnectOptions {
  /** Connects to a sender. */
  readonly connect: Connect;
  /** Opens where the tree goes; called for each attempt, after which it is closed. */
  readonly openTarget: () => TreeTarget | Promise<TreeTarget>;
}

/**
 * Receives a tree from a sender, and connects anew when the connection breaks: `receiveTree` that does not give up. What
 * the target kept does not come again.
 *
 * @example `await createReceiver({ connect: () => connectWs(url), openTarget: () => openTreeTarget("copy") }).done`
 */
export function createReceiver(options: ReceiverOptions): Run<ReceiveSummary> {
  const { connect, openTarget, onProgress } = options;
  return startRun(
    (signal) =>
      withRetries(
        async (signs) => {
          const target = await openTarget();
          const duplex = await connect({ signal }).catch(async (thrown: unknown) => {
            await target.close();
            throw thrown;
          });
          return await receiveTree(target, duplex, {
            ...options,
            signal,
            onProgress(progress) {
              signs.heard ||= progress.wireReceivedBytes > 0;
              signs.moved ||= progress.receivedBytes > 0;
              onProgress?.(progress);
            },
          });
        },
        { ...options, signal },
      ),
    options.signal,
  );
}
