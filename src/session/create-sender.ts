import { closingInTheEnd } from "../bytes/closing.ts";
import type { TreeSource } from "../tree/source.ts";
import { type Connect, type ReconnectOptions, type Run, startRun, withRetries } from "./reconnect.ts";
import { type Carried, RunTotals } from "./run-totals.ts";
import { type SendOptions, type SendProgress, type SendSummary, sendTree } from "./send.ts";

/**
 * Everything that travelled counts. A file that the next attempt goes through again does not count
 * twice, but for what it sent.
 */
const carried: Carried<SendProgress> = {
  files: "finishedFiles",
  finishedFiles: "finishedFiles",
  finishedBytes: "finishedBytes",
  chunks: "chunks",
  chunkBytes: "finishedBytes",
  wantedFiles: "finishedFiles",
  wantedBytes: "finishedBytes",
  sentBytes: "sentBytes",
  reusedBytes: ({ finishedBytes, sentBytes }) => finishedBytes - sentBytes,
  wireSentBytes: "wireSentBytes",
  wireReceivedBytes: "wireReceivedBytes",
};

export interface SenderOptions<File> extends SendOptions, ReconnectOptions {
  /** Connects to a receiver. */
  readonly connect: Connect;
  /** Opens the tree; called for each attempt, after which it is closed. */
  readonly openSource: () => TreeSource<File> | Promise<TreeSource<File>>;
}

/**
 * Sends a tree to a receiver, and connects anew when the connection breaks: `sendTree` that does
 * not give up. What the receiver kept is not sent again.
 *
 * Progress and summary are those of the whole run: what travelled and what was finished in all
 * attempts; entries, troubles and failures of the last one, which goes through the whole tree.
 *
 * @example
 *   ```ts
 *   const connect = () => connectWs(url);
 *   await createSender({ connect, openSource: () => openTreeSource("photos/") }).done;
 *   ```
 */
export function createSender<File>(options: SenderOptions<File>): Run<SendSummary> {
  const { connect, openSource, onProgress } = options;
  const totals = new RunTotals(carried);
  return startRun(
    (signal) =>
      withRetries(
        async (signs) => {
          totals.begin();
          const { movedBefore } = signs;
          const source = await openSource();
          const send = async (): Promise<SendSummary> => {
            const summary = await sendTree(source, await connect({ signal, movedBefore }), {
              ...options,
              signal,
              onProgress: totals.reporting(signs, ({ sentBytes }) => sentBytes, onProgress),
            });
            return totals.withBefore(summary);
          };
          return closingInTheEnd(send, () => source.close());
        },
        { ...options, signal },
      ),
    options.signal,
  );
}
