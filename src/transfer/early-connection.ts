import { SyncError } from "../errors.ts";
import type { Connect } from "../session/reconnect.ts";
import { channelOf } from "../transport/channel.ts";
import type { AbortOptions, Duplex } from "../types.ts";

/** A way to connect whose first connection is under way already. */
export interface EarlyConnection {
  /** Hands out that connection once, then makes others. */
  readonly connect: Connect;
  /** Breaks that connection off unless it was handed out. */
  close(): void;
}

/**
 * Connects before there is anything to say, so that the other end starts while this one gets
 * ready.
 *
 * @param options.signal ends the first connection; each further one is given a signal of its own
 */
export function connectEarly(connect: Connect, { signal }: AbortOptions = {}): EarlyConnection {
  let first: Promise<Duplex> | undefined = connect(signal ? { signal } : {});
  first.catch(() => {}); // whoever takes it is told
  const take = (): Promise<Duplex> | undefined => {
    const taken = first;
    first = undefined;
    return taken;
  };
  return {
    connect: (options) => take() ?? connect(options),
    close() {
      const reason = new SyncError("ABORTED", "the connection is not needed any more");
      take()?.then(
        (duplex) => channelOf(duplex).abort(reason),
        () => {}, // there is none
      );
    },
  };
}
