import { SyncError, toSyncError } from "../errors.ts";
import type { ReceiveLimits } from "../session/allowance.ts";
import type { LivenessOptions } from "../session/link.ts";
import { type ReceiveSummary, receiveTree } from "../session/receive.ts";
import { type SendSummary, sendTree } from "../session/send.ts";
import type { SessionDirection } from "../transport/session-request.ts";
import type { Duplex } from "../types.ts";
import type { SharePath } from "./share-path.ts";
import type { Share, TargetShareOptions } from "./share.ts";

/** A resource that was opened for one session, before the session is accepted. */
export interface OpenedSession {
  /** Holds the session. Closes the resource, whichever way it ends. */
  hold(duplex: Duplex, signal: AbortSignal): Promise<SendSummary | ReceiveSummary>;
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
      async hold(duplex, signal) {
        try {
          return await sendTree(source, duplex, { ...liveness, layout, signal, ...(cutter && { cutter }) });
        } finally {
          await source.close();
        }
      },
      drop: () => source.close(),
    };
  }
  if (!share.openTarget) throw new SyncError("UNSUPPORTED", "nothing can be pushed to here");
  const target = await share.openTarget(path, options);
  return {
    hold: (duplex, signal) => receiveTree(target, duplex, { ...liveness, ...limits, signal }),
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
  readonly summary?: SendSummary | ReceiveSummary;
  readonly error?: SyncError;
}

/** Holds a session and tells how it ended. Never rejects. */
export async function holdSession(
  opened: OpenedSession,
  duplex: Duplex,
  signal: AbortSignal,
  facts: Omit<SessionReport, "type" | "summary" | "error">,
): Promise<SessionReport> {
  try {
    return { type: "session", ...facts, summary: await opened.hold(duplex, signal) };
  } catch (thrown) {
    return { type: "session", ...facts, error: toSyncError(thrown) };
  }
}
