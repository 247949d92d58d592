import { abortable } from "../bytes/abort.ts";
import { toSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/**
 * A stream that comes from the other end, as the rest of this room wants it: reading it ends when
 * the signal says so, in the middle of a wait too, and what its source throws arrives as a
 * SyncError.
 *
 * Closing it closes the source, even when nothing was read yet. The iteration throws the signal's
 * reason, and PEER_GONE for what is not a SyncError.
 */
export function incoming(
  source: AsyncIterable<Bytes>,
  signal: AbortSignal | undefined,
): AsyncIterable<Bytes> {
  return {
    [Symbol.asyncIterator]() {
      const blocks = source[Symbol.asyncIterator]();
      let closing: Promise<unknown> | undefined;
      const close = async (): Promise<void> => {
        closing ??= Promise.resolve(blocks.return?.());
        // A source that was broken off may never answer.
        if (signal?.aborted === true) closing.catch(ignore);
        else await closing;
      };
      return {
        async next() {
          try {
            return await abortable(blocks.next(), signal);
          } catch (thrown) {
            if (signal?.aborted !== true) throw toSyncError(thrown, "PEER_GONE");
            await close();
            throw signal.reason;
          }
        },
        async return() {
          await close();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function ignore(): void {}
