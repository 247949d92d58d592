import { hasBrotli } from "../bytes/brotli.ts";
import { closingInTheEnd } from "../bytes/closing.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import { channelOf } from "../transport/channel.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { AbortOptions, Bytes, Duplex } from "../types.ts";
import { Allowance, type ReceiveLimits } from "./allowance.ts";
import type { FrameBytes } from "./frame.ts";
import { sessionLimits, sessionTimes } from "./limits.ts";
import { Link } from "./link.ts";
import { framesOf } from "./link-frames.ts";
import type { LivenessOptions } from "./liveness.ts";
import {
  changesFeature,
  compressFeature,
  brotliName,
  emptyFeature,
  keyedFeature,
  piecesFeature,
  type ReceiverHello,
  subtreesFeature,
  type Windows,
} from "./hello.ts";
import { ReceiverCore } from "./receiver-core.ts";
import type { ReceiverTotals } from "./receiver-effect.ts";
import { ReceiverWork } from "./receiver-work.ts";

export interface ReceiveOptions extends AbortOptions, LivenessOptions, ReceiveLimits {
  /**
   * True (default) when the sender hears what is written; false for a stream that only comes in.
   */
  readonly duplex?: boolean;
  /** What the sender may have under way at each level; default: docs/limits.md. */
  readonly windows?: Partial<Windows>;
  /** True to ask the sender to compress content that shrinks; only a sender that hears us can. */
  readonly compress?: boolean;
  /** Called for each entry that could not be brought about. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Called after each frame. */
  readonly onProgress?: (progress: ReceiveProgress) => void;
}

/** Where a receiver stands. */
export interface ReceiveProgress extends Readonly<ReceiverTotals> {
  readonly type: "receive";
  /** Bytes on the wire in each direction, everything included. */
  readonly wireSentBytes: number;
  readonly wireReceivedBytes: number;
}

/** What was received. */
export interface ReceiveSummary extends ReceiveProgress {
  /** Digest of the whole session: equal to the sender's. 32 bytes. */
  readonly digest: Bytes;
  /** Bytes on the wire in each direction by type of frame; of the last connection of a run. */
  readonly frames: { readonly sent: FrameBytes; readonly received: FrameBytes };
}

/**
 * Receives a tree over anything that gives a duplex, and resolves when all of it is in place and
 * the digest of the whole agrees with the sender's.
 *
 * Memory is bounded by the windows, whatever the size of the tree, but for what grows with
 * directories (docs/limits.md) and what the target keeps. The target is closed in any case; what a
 * broken session left behind is used by the next one. Entries that fail do not stop the others.
 *
 * @throws SyncError: what the sender reported (`remote`), what is wrong with what it sent,
 *   PEER_GONE, STALLED, NO_SPACE, the signal's reason
 * @see docs/protocol.md
 */
export async function receiveTree(
  target: TreeTarget,
  duplex: Duplex,
  options: ReceiveOptions = {},
): Promise<ReceiveSummary> {
  const answers = options.duplex ?? true;
  const digests = target.digests ?? [sha256Digest];
  const link = new Link(channelOf(duplex), { ...sessionTimes, ...options }, options.signal);
  const allowance = new Allowance(options, () => link.receivedBytes);
  const core = new ReceiverCore({
    hello: receiverHello(target, digests, options),
    digests,
    allowance,
    ...(options.onTrouble && { onTrouble: options.onTrouble }),
  });
  const progress = (): ReceiveProgress => ({
    type: "receive",
    ...core.totals,
    wireSentBytes: link.sentBytes,
    wireReceivedBytes: link.receivedBytes,
  });
  const onTaken = (): void => options.onProgress?.(progress());
  const { signal } = options;
  const work = new ReceiverWork({ target, core, link, allowance, answers, signal, onTaken });
  try {
    // The place is free again before the farewell, which can take its time.
    await closingInTheEnd(
      () => work.run().catch((thrown: unknown) => discardRefused(target, thrown)),
      () =>
        closingInTheEnd(
          () => work.close(),
          () => target.close(),
        ),
    );
    await link.leave();
    return { ...progress(), digest: core.digest, frames: framesOf(link) };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    const error = toSyncError(thrown);
    await link.fail(error, answers);
    throw error;
  } finally {
    link.close();
  }
}

/** What is beyond a limit does not stay for a further session. @throws what was thrown */
async function discardRefused(target: TreeTarget, thrown: unknown): Promise<never> {
  if (isSyncError(thrown, "LIMIT") && !thrown.remote) await target.discard?.().catch(() => {}); // why it was refused says more
  throw thrown;
}

function receiverHello(
  { isEmpty = false, takesAnyDigest = false, tellsChanges = false, old, subtrees }: TreeTarget,
  digests: readonly ChunkDigest[],
  { windows = {}, compress = false }: ReceiveOptions,
): ReceiverHello {
  return {
    role: "receiver",
    digests: digests.map(({ name }) => name),
    cutters: ["cafs", "fastcdc", "fixed", ...(digests.some(isOfCasync) ? ["casync"] : [])],
    compressions: ["deflate", ...(hasBrotli ? [brotliName] : [])],
    windows: {
      entries: windows.entries ?? sessionLimits.entriesWindowBytes,
      chunks: windows.chunks ?? sessionLimits.chunksWindowBytes,
      data: windows.data ?? sessionLimits.dataWindowBytes,
    },
    features: [
      ...(compress ? [compressFeature] : []),
      ...(tellsChanges ? [changesFeature] : []),
      ...(old ? [piecesFeature] : []),
      ...(subtrees ? [subtreesFeature] : []),
      ...(isEmpty ? [emptyFeature] : []),
      ...(takesAnyDigest ? [keyedFeature] : []),
    ],
    nonce: crypto.getRandomValues(new Uint8Array(16)),
  };
}

/** Who names chunks as casync does cuts by its rule, too. */
function isOfCasync({ name }: ChunkDigest): boolean {
  return name === "sha-512/256";
}
