import type { TreeSource } from "../tree/tree.ts";
import { type Connect, type ReconnectOptions, type Run, startRun, withRetries } from "./reconnect.ts";
import { type SendOptions, type SendSummary, sendTree } from "./send.ts";

export interface SenderOptions<File> extends SendOptions, ReconnectOptions {
  /** Connects to a receiver. */
  readonly connect: Connect;
  /** Opens the tree; called for each attempt, after which it is closed. */
  readonly openSource: () => TreeSource<File> | Promise<TreeSource<File>>;
}

/**
 * Sends a tree to a receiver, and connects anew when the connection breaks: `sendTree` that does not give up. What the
 * receiver kept is not sent again.
 *
 * @example `await createSender({ connect: () => connectWs(url), openSource: () => openTreeSource("photos/") }).done`
 */
export function createSender<File>(options: SenderOptions<File>): Run<SendSummary> {
  const { connect, openSource, onProgress } = options;
  return startRun(
    (signal) =>
      withRetries(
        async (signs) => {
          const source = await openSource();
          try {
            return await sendTree(source, await connect({ signal }), {
              ...options,
              signal,
              onProgress(progress) {
                signs.heard ||= progress.wireReceivedBytes > 0;
                signs.moved ||= progress.sentBytes > 0;
                onProgress?.(progress);
              },
            });
          } finally {
            await source.close();
          }
        },
        { ...options, signal },
      ),
    options.signal,
  );
}
