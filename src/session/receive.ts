import { hasBrotli } from "../bytes/brotli.ts";
import { closingInTheEnd } from "../bytes/closing.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { createPieceKernel } from "../chunk/piece-kernel.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import { channelOf } from "../transport/channel.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { AbortOptions, Bytes, Duplex } from "../types.ts";
import { Allowance, type ReceiveLimits } from "./allowance.ts";
import type { Frame, FrameBytes } from "./frame.ts";
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
import { OldPieces } from "./levels/pieces/old-pieces.ts";
import { SubtreeReading } from "./levels/subtrees/subtree-reading.ts";
import { ReceiverCore } from "./receiver-core.ts";
import type { ReceiverEffect, ReceiverTotals } from "./receiver-effect.ts";

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
  const work = new ReceiverWork(target, core, link, allowance, answers, options);
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
    return { ...work.progress(), digest: core.digest, frames: framesOf(link) };
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

/** Carries out the steps of the core, one after another. */
class ReceiverWork {
  readonly #target: TreeTarget;
  readonly #core: ReceiverCore;
  readonly #link: Link;
  readonly #allowance: Allowance;
  readonly #answers: boolean;
  readonly #options: ReceiveOptions;
  readonly #abort: AbortOptions;
  /** Set when the session uses old versions. */
  #pieces: OldPieces | undefined;
  /** Set when the sender asks what is here. */
  #subtrees: SubtreeReading | undefined;

  constructor(
    target: TreeTarget,
    core: ReceiverCore,
    link: Link,
    allowance: Allowance,
    answers: boolean,
    options: ReceiveOptions,
  ) {
    this.#target = target;
    this.#core = core;
    this.#link = link;
    this.#allowance = allowance;
    this.#answers = answers;
    this.#options = options;
    this.#abort = { ...(options.signal && { signal: options.signal }) };
  }

  /**
   * Takes what the sender says, up to its last word. Behind that only a stream without a way back
   * is looked at: nothing may be added to it.
   */
  async run(): Promise<void> {
    if (this.#answers) await this.#perform(this.#core.hello());
    for await (const frame of this.#link.frames()) {
      await this.#take(frame);
      if (!this.#core.committed) continue;
      if (this.#core.duplex) return;
      this.#link.linger();
    }
    if (!this.#core.committed)
      throw new SyncError("TRUNCATED", "the stream ended before the sender was done");
    if (this.#link.isMidFrame) throw new SyncError("UNSOLICITED", "the stream goes on behind its end");
  }

  async close(): Promise<void> {
    await this.#subtrees?.close();
  }

  async #take(frame: Frame): Promise<void> {
    const steps = this.#core.receive(frame);
    for (let step = steps.next(); step.done !== true;) {
      let result: unknown;
      try {
        result = await this.#perform(step.value);
      } catch (thrown) {
        step = steps.throw(thrown);
        continue;
      }
      step = steps.next(result);
    }
    this.#options.onProgress?.(this.progress());
  }

  async #perform(effect: ReceiverEffect): Promise<unknown> {
    switch (effect.do) {
      case "send":
        return this.#send(effect);
      case "open":
        return this.#open(effect);
      case "readSubtrees":
        return this.#readSubtrees(effect.topName);
      case "takeSubtrees":
        return this.#subtrees!.take(effect.entryCount);
      case "plan":
        this.#subtrees?.stop();
        return this.#target.plan(effect.entries, effect.first);
      case "place":
        return this.#target.place(effect.lists);
      case "write":
        return this.#target.write(effect.placements);
      case "finish":
        return this.#target.finish(effect.files);
      case "compare":
        return this.#pieces!.compare(effect.entries);
      case "keepOld":
        return this.#target.old!.keep(effect.entry);
      case "differs":
        return this.#target.old!.differs?.(effect.entry) ?? false;
      case "match":
        return this.#pieces!.match(effect.entry, effect.group, effect.sizes);
      case "fill":
        return this.#pieces!.fill(effect.entry, effect.run);
      case "check":
        return this.#pieces!.check(effect.entry, effect.part);
      case "replace":
        return this.#pieces!.replace(effect.entry, effect.part, effect.content);
      case "abandon":
        return this.#target.abandon(effect.entry, effect.reason);
      case "commit":
        return this.#target.commit(effect.whole);
    }
  }

  #readSubtrees(topName: Bytes): void {
    const { maxEntryCount } = this.#allowance;
    this.#subtrees = new SubtreeReading(this.#target.subtrees!, topName, maxEntryCount, this.#abort);
  }

  progress(): ReceiveProgress {
    const { sentBytes, receivedBytes } = this.#link;
    const { totals } = this.#core;
    return { type: "receive", ...totals, wireSentBytes: sentBytes, wireReceivedBytes: receivedBytes };
  }

  async #send({ type, payload, squeeze }: ReceiverEffect & { do: "send" }): Promise<void> {
    try {
      await this.#link.send(type, payload, squeeze);
    } catch (thrown) {
      this.#options.signal?.throwIfAborted();
      if (type !== "DONE") throw thrown; // a sender that is gone does not need it, and all is in place
    }
  }

  async #open(opening: ReceiverEffect & { do: "open" }): Promise<void> {
    const { cutter, digest, layout, search, keepOld, tells, macKey, removedSource } = opening;
    if (this.#core.duplex && !this.#answers) {
      throw new SyncError("UNSUPPORTED", "the sender waits for answers, and there is no way back");
    }
    const { signal } = this.#abort;
    const { old } = this.#target;
    const useOld = old !== undefined && macKey !== undefined;
    if (useOld) this.#pieces = new OldPieces(old, () => createPieceKernel(macKey), this.#abort);
    const onTrouble = (entry: number, error: SyncError): void => {
      this.#pieces?.drop(entry);
      this.#core.trouble(entry, error);
    };
    await this.#target.open({
      cutter,
      digest,
      layout,
      search,
      keepOld,
      useOld,
      removedSource,
      ...(tells && { onChange: (change) => this.#core.change(change) }),
      onDelete: () => void this.#core.totals.deleted++,
      onMissing: (bytes) => void (this.#core.totals.missingBytes += bytes),
      onReplace: (entry, bytes) => this.#allowance.replace(entry, bytes),
      onTrouble,
      ...(signal && { signal }),
    });
  }
}
