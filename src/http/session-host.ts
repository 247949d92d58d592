import { closingInTheEnd } from "../bytes/closing.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { checkTotalBytes, type ReceiveLimits } from "../session/allowance.ts";
import type { LivenessOptions } from "../session/liveness.ts";
import { sessionLimits } from "../session/limits.ts";
import { type ReceiveProgress, type ReceiveSummary, receiveTree } from "../session/receive.ts";
import { type SendProgress, type SendSummary, sendTree } from "../session/send.ts";
import { limitRate } from "../transport/limited-rate.ts";
import type { SessionDirection } from "../transport/session-request.ts";
import { fieldsOf } from "../tree/order/order-codec.ts";
import { optionsOfField } from "../tree/order/order-options.ts";
import type { Order } from "../tree/order/order.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { Duplex } from "../types.ts";
import type { SessionOrder } from "./route.ts";
import type { SharePath } from "./share-path.ts";
import type { Share, ShareOptions, TreeShareOptions } from "./share.ts";

type OnProgress = (progress: SendProgress | ReceiveProgress) => void;
type OnTrouble = (error: SyncError) => void;

/** A resource that was opened for one session, before the session is accepted. */
interface OpenedSession {
  /** Holds the session. Closes the resource, whichever way it ends. */
  hold(
    duplex: Duplex,
    signal: AbortSignal,
    onProgress: OnProgress,
    onTrouble: OnTrouble,
  ): Promise<SendSummary | ReceiveSummary>;
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
  { direction, order }: SessionOrder,
  path: SharePath,
  options: ShareOptions,
  { liveness, limits }: { readonly liveness: LivenessOptions; readonly limits: ReceiveLimits },
): Promise<OpenedSession> {
  checkOrder(share, order);
  const treeOptions = { ...options, order };
  if (direction === "pull") {
    if (!share.openTree) throw new SyncError("UNSUPPORTED", "nothing can be pulled from here");
    const { source, layout, cutter, digest } = await share.openTree(path, treeOptions);
    return {
      hold(duplex, signal, onProgress, onTrouble) {
        const sendOptions = {
          ...liveness,
          signal,
          onProgress,
          onTrouble,
          compressionLevel: order.compressionLevel,
          ...(order.tellsChanges === true && { onChange: () => {} }),
          ...(layout && { layout }),
          ...(cutter && { cutter }),
          ...(digest && { digest }),
        };
        return closingInTheEnd(
          () => sendTree(source, limitRate(duplex, order.bytesPerSecond), sendOptions),
          () => source.close(),
        );
      },
      drop: () => source.close(),
    };
  }
  if (!share.openTarget) throw new SyncError("UNSUPPORTED", "nothing can be pushed to here");
  // Of a file that would be refused as a whole no range is taken.
  if (order.fileRange) checkTotalBytes(order.fileRange.fileBytes, limits);
  const target =
    order.dryRun === true
      ? await openPreview(share, path, treeOptions)
      : await share.openTarget(path, treeOptions);
  return {
    hold: (duplex, signal, onProgress, onTrouble) =>
      receiveTree(target, duplex, { ...liveness, ...limits, signal, onProgress, onTrouble }),
    drop: () => target.close(),
  };
}

/** Fields that are carried out here, whatever the share is. */
const heldHere: ReadonlySet<keyof Order> = new Set([
  "dryRun",
  "bytesPerSecond",
  "compressionLevel",
  "tellsChanges",
]);

/** What a share does not carry out is not passed over. @throws UNSUPPORTED */
export function checkOrder({ orderFields: carried = [] }: Share, order: Order): void {
  const unknown = fieldsOf(order).find((name) => !heldHere.has(name) && !carried.includes(name));
  if (unknown === undefined) return;
  const options = optionsOfField(order, unknown);
  const what = options.length === 0 ? `"${unknown}" of an order` : options.join(" and ");
  throw new SyncError("UNSUPPORTED", `${what} ${options.length > 1 ? "are" : "is"} not carried out here`);
}

/**
 * What must not be done is not left to a share that knows nothing of it, nor told by one that
 * cannot.
 */
async function openPreview(share: Share, path: SharePath, options: TreeShareOptions): Promise<TreeTarget> {
  const target = await share.openPreview?.(path, options);
  if (target?.tellsChanges === true) return target;
  await target?.close();
  throw new SyncError("UNSUPPORTED", "it is not told here what a push would do");
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
  /** True for a push that only told what it would do. */
  readonly dryRun?: boolean;
  /** Bytes on the wire, also of a session that failed. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** The first 1000 entries that failed, at either end, with their paths in `detail.path`. */
  readonly troubles: readonly SyncError[];
  readonly summary?: SendSummary | ReceiveSummary;
  readonly error?: SyncError;
}

/** Holds a session and tells how it ended. Never rejects. */
export async function holdSession(
  opened: OpenedSession,
  duplex: Duplex,
  signal: AbortSignal,
  facts: Omit<SessionReport, "type" | "troubles" | "summary" | "error" | "sentBytes" | "receivedBytes">,
): Promise<SessionReport> {
  const moved = { sentBytes: 0, receivedBytes: 0 };
  const onProgress: OnProgress = ({ wireSentBytes, wireReceivedBytes }) => {
    moved.sentBytes = wireSentBytes;
    moved.receivedBytes = wireReceivedBytes;
  };
  const troubles: SyncError[] = [];
  const onTrouble: OnTrouble = (error) => {
    if (troubles.length < sessionLimits.keptTroubleCount) troubles.push(error);
  };
  try {
    const summary = await opened.hold(duplex, signal, onProgress, onTrouble);
    onProgress(summary);
    return { type: "session", ...facts, ...moved, troubles, summary };
  } catch (thrown) {
    return { type: "session", ...facts, ...moved, troubles, error: toSyncError(thrown) };
  }
}
