import { closingInTheEnd } from "../bytes/closing.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { ReceiveLimits } from "../session/allowance.ts";
import type { LivenessOptions } from "../session/link.ts";
import { type ReceiveProgress, type ReceiveSummary, receiveTree } from "../session/receive.ts";
import { type SendProgress, type SendSummary, sendTree } from "../session/send.ts";
import type { SessionDirection } from "../transport/session-request.ts";
import type { Duplex } from "../types.ts";
import type { SharePath } from "./share-path.ts";
import type { Share, TargetShareOptions } from "./share.ts";

type OnProgress = (progress: SendProgress | ReceiveProgress) => void;

/** A resource that was opened for one session, before the session is accepted. */
export interface OpenedSession {
  /** Holds the session. Closes the resource, whichever way it ends. */
  hold(duplex: Duplex, signal: AbortSignal, onProgress: OnProgress): Promise<SendSummary | ReceiveSummary>;
  /** Closes the resource when no session comes about. */
  drop(): Promise<void>;
}

/**
 * Opens what a session is about.
 *
 * @throws UNSUPPORTED when the share does not do that, NOT_FOUND, and what the share throws
 */
export async function openSession(
  share: Share,
  direction: SessionDirection,
  path: SharePath,
  options: TargetShareOptions,
  { liveness, limits }: { readonly liveness: LivenessOptions; readonly limits: ReceiveLimits },
): Promise<OpenedSession> {
  if (direction === "pull") {
    if (!share.openTree) throw new SyncError("UNSUPPORTED", "nothing can be pulled from here");
    const { source, layout, cutter } = await share.openTree(path, options);
    return {
      hold(duplex, signal, onProgress) {
        const sendOptions = {
          ...liveness,
          signal,
          onProgress,
          ...(layout && { layout }),
          ...(cutter && { cutter }),
        };
        return closingInTheEnd(
          () => sendTree(source, duplex, sendOptions),
          () => source.close(),
        );
      },
      drop: () => source.close(),
    };
  }
  if (!share.openTarget) throw new SyncError("UNSUPPORTED", "nothing can be pushed to here");
  const target = await share.openTarget(path, options);
  return {
    hold: (duplex, signal, onProgress) =>
      receiveTree(target, duplex, { ...liveness, ...limits, signal, onProgress }),
    drop: () => target.close(),
  };
}

/** How a session ended, for reports. */
export interface SessionReport {
  readonly type: "session";
  readonly direction: SessionDirection;
  readonly via: "websocket" | "http" | "turns";
  /** Who held it: a token's name and an address. */
  readonly name: string;
  readonly address: string;
  /** What it was about, as it stands in a URL. */
  readonly path: string;
  /** Bytes on the wire, also of a session that failed. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly summary?: SendSummary | ReceiveSummary;
  readonly error?: SyncError;
}

/** Holds a session and tells how it ended. Never rejects. */
export async function holdSession(
  opened: OpenedSession,
  duplex: Duplex,
  signal: AbortSignal,
  facts: Omit<SessionReport, "type" | "summary" | "error" | "sentBytes" | "receivedBytes">,
): Promise<SessionReport> {
  const moved = { sentBytes: 0, receivedBytes: 0 };
  const onProgress: OnProgress = ({ wireSentBytes, wireReceivedBytes }) => {
    moved.sentBytes = wireSentBytes;
    moved.receivedBytes = wireReceivedBytes;
  };
  try {
    const summary = await opened.hold(duplex, signal, onProgress);
    onProgress(summary);
    return { type: "session", ...facts, ...moved, summary };
  } catch (thrown) {
    return { type: "session", ...facts, ...moved, error: toSyncError(thrown) };
  }
}
