import { closingInTheEnd } from "../bytes/closing.ts";
import { BlockPool } from "../bytes/block-pool.ts";
import type { CompressionLevel } from "../bytes/deflate.ts";
import { fastcdcSpec } from "../chunk/cutter-specs.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { SyncError, toSyncError } from "../errors.ts";
import { channelOf } from "../transport/channel.ts";
import type { Layout, TreeChange } from "../tree/entry/entry.ts";
import type { TreeSource } from "../tree/source.ts";
import type { AbortOptions, Bytes, Duplex } from "../types.ts";
import { Bell } from "./bell.ts";
import { coarseCutter } from "./chunk-making.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import {
  changesFeature,
  compressFeature,
  emptyFeature,
  keyedFeature,
  haveFeature,
  type Mode,
  piecesFeature,
  removesPrefix,
  subtreesFeature,
} from "./hello.ts";
import { sessionTimes } from "./limits.ts";
import { Link } from "./link.ts";
import { framesOf } from "./link-frames.ts";
import type { FrameBytes } from "./frame.ts";
import type { LivenessOptions } from "./liveness.ts";
import { ReplyListener } from "./reply-listener.ts";
import { SenderCore } from "./sender-core.ts";
import type { SenderTotals } from "./sender-action.ts";
import { SenderWork } from "./sender-work.ts";

export interface SendOptions extends AbortOptions, LivenessOptions {
  /**
   * `duplex` (default): the receiver answers. `one-way`: the stream holds all. `list`: ids, no
   * content.
   */
  readonly mode?: Mode;
  /** What the source's top entries are; default what the source says, else `named`. */
  readonly layout?: Layout;
  /**
   * How files are cut; default FastCDC with chunks of 8 KiB on average; in mode `one-way`, and
   * where nothing is at the receiver, of 32 KiB, and at least 16 KiB.
   */
  readonly cutter?: CutterSpec;
  /**
   * How chunks are named, one of the source's `digests`; unless given, in mode `duplex` by MACs
   * under a key of the session if both ends can, otherwise by SHA-256, which every receiver knows.
   */
  readonly digest?: ChunkDigest;
  /** Chunks that the receiver is known to have. */
  readonly have?: ChunkMemory;
  /**
   * Content kept in memory while answers are awaited, in bytes, of chunks and of pieces each; what
   * is beyond is read again. Default 16 MiB.
   */
  readonly keptContentBytes?: number;
  /**
   * True to compress content that shrinks, false never to do so; unless given, the receiver decides
   * about all but the first 4 MiB (`compressedBytes` of docs/limits.md).
   */
  readonly compress?: boolean;
  /** How much effort goes into that; whatever suits unless given. */
  readonly compressionLevel?: CompressionLevel | undefined;
  /** Called for each path that had to be left out, at either end. */
  readonly onTrouble?: (error: SyncError) => void;
  /**
   * Called for each path that is not as it was at the receiver, or would not be, where the receiver
   * can tell.
   */
  readonly onChange?: (change: TreeChange) => void;
  /** Called whenever the totals have changed; as often as that happens. */
  readonly onProgress?: (progress: SendProgress) => void;
}

/** Where a sender stands. */
export interface SendProgress extends Readonly<SenderTotals> {
  readonly type: "send";
  /** Bytes on the wire in each direction, everything included. */
  readonly wireSentBytes: number;
  readonly wireReceivedBytes: number;
}

/** What was sent. Content that was listed and not sent was at the receiver already. */
export interface SendSummary extends SendProgress {
  /** Digest of the whole session: the receiver ends with the same. 32 bytes. */
  readonly digest: Bytes;
  /** Bytes on the wire in each direction by type of frame; of the last connection of a run. */
  readonly frames: { readonly sent: FrameBytes; readonly received: FrameBytes };
}

/**
 * Sends a tree over anything that gives a duplex, and resolves when the receiver has said that all
 * of it is in place (mode `duplex`), or when all of it was handed to the transport.
 *
 * Memory is bounded by the windows, whatever the size of the tree, but for what grows with
 * directories (docs/limits.md). The source is not closed. Entries that fail at either end do not
 * stop the others: see `troubles` and `failed`.
 *
 * @throws SyncError: what the receiver reported (`remote`), PEER_GONE, STALLED, UNSUPPORTED for a
 *   digest that the source does not know, the signal's reason
 * @see docs/protocol.md
 */
export async function sendTree<File>(
  source: TreeSource<File>,
  duplex: Duplex,
  options: SendOptions = {},
): Promise<SendSummary> {
  const mode = options.mode ?? "duplex";
  const cutter = options.cutter ?? (mode === "one-way" ? coarseCutter : fastcdcSpec());
  const { digests = [sha256Digest] } = source;
  const digest = options.digest ?? sha256Digest;
  if (!digests.includes(digest)) {
    const refusal = new SyncError("UNSUPPORTED", `the source cannot name chunks by ${digest.name}`);
    channelOf(duplex).abort(refusal); // who listens has nothing to wait for
    throw refusal;
  }
  // Where nobody answers, a reader that is slow cannot be told from one that is gone.
  const times = mode === "duplex" ? sessionTimes : { ...sessionTimes, stallMs: 0 };
  const link = new Link(channelOf(duplex), { ...times, ...options }, options.signal);
  const pool = link.copiesWrites ? new BlockPool() : undefined;
  const core = new SenderCore<File>({
    hello: {
      role: "sender",
      mode,
      layout: options.layout ?? source.layout ?? "named",
      digest: digest.name,
      cutter,
      compression: "deflate",
      features: [
        ...(options.compress === false ? [] : [compressFeature]),
        ...(options.onChange ? [changesFeature] : []),
        ...(options.have ? [haveFeature] : []),
        ...(mode === "duplex" && source.scan ? [piecesFeature] : []),
        ...(mode === "duplex" && source.subtrees ? [subtreesFeature] : []),
        ...(mode === "duplex" && !options.cutter && !options.digest ? [emptyFeature] : []),
        ...(mode === "duplex" && mayNameByMacs(source, options) ? [keyedFeature] : []),
        ...(source.removes === undefined ? [] : [removesPrefix + source.removes]),
      ],
      nonce: crypto.getRandomValues(new Uint8Array(16)),
    },
    digests,
    ...(mode === "duplex" && { topName: source.subtrees?.topName }),
    ...(pool && { pool }),
    ...(options.have && { have: options.have }),
    ...(options.keptContentBytes !== undefined && { keptContentBytes: options.keptContentBytes }),
    ...(options.compress !== undefined && { compress: options.compress }),
    ...(options.onTrouble && { onTrouble: options.onTrouble }),
    ...(options.onChange && { onChange: options.onChange }),
  });
  const bell = new Bell();
  const replies = new ReplyListener(link, core, bell);
  if (mode === "duplex") void replies.listen();
  const progress = (): SendProgress => ({
    type: "send",
    ...core.totals,
    wireSentBytes: link.sentBytes,
    wireReceivedBytes: link.receivedBytes,
  });
  const onSent = (): void => options.onProgress?.(progress());
  const work = new SenderWork({ source, core, link, bell, pool, signal: options.signal, onSent });
  const send = async (): Promise<SendSummary> => {
    try {
      await work.run(replies).catch((thrown: unknown) => replies.judge(thrown));
      if (mode === "duplex") await replies.leave();
      else await link.end();
      const { failed, troubles } = core.totals;
      if (mode === "duplex" && failed + troubles === 0)
        await source.arrived?.(options.onTrouble ?? (() => {}));
      return { ...progress(), digest: work.digest, frames: framesOf(link) };
    } catch (thrown) {
      options.signal?.throwIfAborted();
      const error = toSyncError(thrown);
      await link.fail(error, true);
      throw error;
    } finally {
      link.close();
    }
  };
  return closingInTheEnd(send, () => work.close());
}

/** True where it does not matter to the source, or to whoever sends it, how chunks are named. */
function mayNameByMacs({ takesAnyDigest = false }: TreeSource, { digest, have }: SendOptions): boolean {
  return takesAnyDigest && digest === undefined && have === undefined;
}
