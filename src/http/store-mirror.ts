import { SyncError, toSyncError } from "../errors.ts";
import type { LivenessOptions } from "../session/liveness.ts";
import type { SessionDirection } from "../transport/session-request.ts";
import { channelOf } from "../transport/channel.ts";
import type { AbortOptions, Duplex } from "../types.ts";

/** How the store of a server and one elsewhere are brought up to date with each other. */
export type StoreMirror = Readonly<Partial<Record<SessionDirection, HoldMirror>>>;

/** How the end of the server is held. */
export interface HoldOptions extends LivenessOptions, AbortOptions {
  /** Bytes of chunks that are taken at most. */
  readonly maxTotalBytes: number;
}

/** Holds the end of the server; the other one pulls from the store here, or pushes to it. */
type HoldMirror = (duplex: Duplex, options: HoldOptions) => Promise<{ readonly wireSentBytes: number }>;

/** What holds the end of the server. @throws UNSUPPORTED where that is not offered */
export function mirrorTo(direction: SessionDirection, mirror: StoreMirror = {}): HoldMirror {
  const hold = mirror[direction];
  if (hold) return hold;
  const lack = direction === "pull" ? "no store of chunks is offered whole here" : "no chunks are taken here";
  throw new SyncError("UNSUPPORTED", lack);
}

/** What was sent, or why it broke off; then the connection does, too. */
export async function holdMirror(
  hold: HoldMirror,
  duplex: Duplex,
  options: HoldOptions,
): Promise<{ readonly wireSentBytes: number } | SyncError> {
  try {
    return await hold(duplex, options);
  } catch (thrown) {
    const error = toSyncError(thrown);
    channelOf(duplex).abort(error);
    return error;
  }
}
