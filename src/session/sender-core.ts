import type { ChunkDigest } from "../chunk/digest.ts";
import type { BlockPool } from "../bytes/block-pool.ts";
import { equalBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { CutRun, SourceEntry } from "../tree/source.ts";
import type { Bytes } from "../types.ts";
import { hearChanges } from "./change-codec.ts";
import { type ChunkMaking, chunkMakingOf } from "./chunk-making.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import { decodeDone, decodeError, decodeFailed, type DoneMessage } from "./closing.ts";
import type { Frame } from "./frame.ts";
import { agree, type Agreement, decodeHello, encodeHello, type SenderHello } from "./hello.ts";
import type { Job } from "./job.ts";
import { type ChunksHost, OutgoingChunks } from "./levels/chunks/outgoing-chunks.ts";
import { type ListingHost, OutgoingListing } from "./levels/entries/outgoing-listing.ts";
import { OutgoingPieces } from "./levels/pieces/outgoing-pieces.ts";
import type { PiecesHost } from "./levels/pieces/pieces-host.ts";
import { OutgoingSubtrees } from "./levels/subtrees/outgoing-subtrees.ts";
import type { Subtree } from "../tree/entry/subtree-digests.ts";
import type { Scanned } from "./levels/pieces/piece-work.ts";
import type { MadeRuns } from "./levels/pieces/run-maker.ts";
import { sessionLimits } from "./limits.ts";
import { ListedJobs } from "./listed-jobs.ts";
import { OutgoingFrames } from "./outgoing-frames.ts";
import { noTotals, type SenderAction } from "./sender-action.ts";
import { SenderTroubles } from "./sender-troubles.ts";
import type { OldAnswer } from "./wishes.ts";
import { countContent } from "./outlook.ts";

interface SenderCoreOptions {
  readonly hello: SenderHello;
  /** The name of the top directory, for a sender that can tell directories by their digests. */
  readonly topName?: Bytes | undefined;
  /** By which it can name chunks, the one that the HELLO names among them. Default SHA-256. */
  readonly digests?: readonly ChunkDigest[];
  /** Chunks the receiver is known to have: they are not sent unless it asks. */
  readonly have?: ChunkMemory;
  /** Content kept in memory until it is answered; beyond it is read again (docs/limits.md). */
  readonly keptContentBytes?: number;
  /** Where the content of runs comes from and goes back to; only for senders that copy. */
  readonly pool?: BlockPool;
  /** True to try to compress content whatever the receiver asks for. */
  readonly compress?: boolean;
  readonly onTrouble?: (error: SyncError) => void;
  readonly onChange?: (change: TreeChange) => void;
}

/**
 * The sender of a session, without I/O: what happened goes in by its methods, what to do comes out
 * of `next`. Inputs only change the state; `next` alone looks at all of it and decides.
 *
 * 1. Entries are listed while the entries window is open, whatever else is going on.
 * 2. Files are read, and cut into pieces or chunks, while the chunks window is open; those of which
 *    the receiver has an old version come first.
 * 3. Content goes out while the data window is open; it waits for nothing else. So each level waits
 *    only for the one below, and the last for the receiver's disk alone.
 * 4. END is said when every question is answered and every answer carried out; checks of parts that
 *    were put together may be open, and have it said again.
 */
export class SenderCore<File> {
  readonly totals = noTotals();
  /** How chunks are made; where the receiver answers, once it was heard. */
  chunkMaking: ChunkMaking;
  readonly #options: SenderCoreOptions;
  readonly #duplex: boolean;
  readonly #subtrees: OutgoingSubtrees;
  readonly #listing: OutgoingListing<File>;
  readonly #frames: OutgoingFrames;
  readonly #troubles: SenderTroubles;
  readonly #chunks: OutgoingChunks<File>;
  readonly #pieces: OutgoingPieces<File>;
  readonly #listedJobs = new ListedJobs<File>();
  #agreed: Agreement | undefined;
  /** The transcript that END carried. */
  #ended: Bytes | undefined;
  #done: DoneMessage | undefined;

  constructor(options: SenderCoreOptions) {
    this.#options = options;
    this.#duplex = options.hello.mode === "duplex";
    this.#frames = new OutgoingFrames({ isDuplex: this.#duplex, compress: options.compress });
    this.#troubles = new SenderTroubles(this.totals, this.#frames, options);
    this.#subtrees = new OutgoingSubtrees(options.topName);
    this.#listing = new OutgoingListing(this.#listingHost(), options.hello.layout, this.#duplex);
    const isList = options.hello.mode === "list";
    const { pool, keptContentBytes = sessionLimits.keptContentBytes } = options;
    this.#chunks = new OutgoingChunks(this.#chunksHost(), {
      have: isList ? () => true : (id) => options.have?.has(id) === true,
      keptContentBytes,
      pool,
    });
    this.#pieces = new OutgoingPieces(this.#piecesHost(), keptContentBytes);
    this.chunkMaking = chunkMakingOf(options.hello, options.digests);
    this.#chunks.nameBy(this.chunkMaking.digest);
    this.#frames.send("HELLO", encodeHello(options.hello));
  }

  /** The key of the MACs, once the receiver was heard and both ends speak of pieces. */
  get macKey(): Bytes | undefined {
    return this.#agreed?.macKey;
  }

  /** The receiver's last words, once they have come. */
  get done(): DoneMessage | undefined {
    return this.#done;
  }

  /** What to do now, or undefined when only an input can change anything. */
  next(): SenderAction<File> | undefined {
    this.#listedJobs.book(this.totals);
    return (
      this.#frames.take() ??
      this.#nextContent() ??
      this.#nextListing() ??
      this.#nextAnnouncement() ??
      this.#nextEnd()
    );
  }

  /** So many entries of the source were read. Returns false when no more need to be. */
  sawSubtrees(entryCount: number): boolean {
    return this.#subtrees.seen(entryCount);
  }

  /** The directories of the source, each behind those that lie in it; undefined when it gave up. */
  subtrees(read: readonly Subtree[] | undefined): void {
    this.#subtrees.read(read);
  }

  /** True for a directory with this path of which nothing is to be listed: it is listed now. */
  isComplete(path: string): boolean {
    const subtree = this.#subtrees.find(path);
    this.totals.sameEntries += subtree?.entryCount ?? 0;
    return subtree !== undefined;
  }

  /** The next entries of the source. @throws PATH when the first is not what the layout says */
  listed(batch: readonly SourceEntry<File>[]): void {
    this.#listing.listed(batch);
  }

  listingEnded(): void {
    this.#listing.ended();
    this.totals.listed = true;
    if (!this.#nextEnd()) this.#frames.send("LISTED", new Uint8Array(0));
  }

  /** A path is left out, or something of it that cannot be told: UNSUPPORTED, from a source. */
  trouble(error: SyncError, isUntold: boolean = error.code === "UNSUPPORTED"): void {
    this.#troubles.unlisted(error, isUntold);
  }

  /** The next runs of the cut under way. */
  cut(runs: readonly CutRun<File>[]): void {
    this.#chunks.cut(runs);
  }

  cutEnded(): void {
    this.#chunks.cutEnded();
  }

  /** What the scan under way has read. */
  scanned(results: readonly Scanned<File>[]): void {
    this.#pieces.scanned(results);
  }

  scanEnded(): void {
    this.#pieces.scanEnded();
  }

  /** The runs that were to be made. */
  madeRuns({ runs, failures }: MadeRuns): void {
    this.#pieces.made(runs, failures);
  }

  /** The part of a file that was to be read again, or why it is not there any more. */
  partRead(read: Bytes | SyncError): void {
    this.#pieces.partRead(read);
  }

  /** The chunk of a file that was to be read again, or why it is not there any more. */
  readAgain(read: Bytes | SyncError): void {
    const bytes = this.#chunks.readAgain(read);
    if (bytes) this.#sendContent("DATA", bytes);
  }

  /** END was said with this transcript. */
  saidEnd(transcript: Bytes): void {
    this.#ended = transcript;
  }

  /**
   * A frame of the receiver.
   *
   * @throws what the receiver reports, or what is wrong with the frame
   */
  received(frame: Frame): void {
    if (!this.#agreed && frame.type !== "HELLO" && frame.type !== "ERROR") {
      throw new SyncError("BAD_FRAME", `the receiver began with ${frame.type}`);
    }
    switch (frame.type) {
      case "HELLO":
        return this.#hear(frame.payload);
      case "SUBTREES":
        return this.#subtrees.answer(frame.payload);
      case "WISH_FILES":
        return this.#listing.answer(frame.payload);
      case "WISH_CHUNKS":
        return this.#chunks.answer(frame.payload);
      case "WISH_PIECES":
        return this.#pieces.answer(frame.payload);
      case "WISH_PARTS":
        return this.#takeChecks(frame.payload);
      case "CREDIT":
        return this.#frames.credit(frame.payload);
      case "FAILED":
        return this.#hearFailed(decodeFailed(frame.payload, this.totals.entries).error);
      case "CHANGES":
        return hearChanges(frame.payload, this.#options.onChange);
      case "DONE":
        return this.#takeDone(decodeDone(frame.payload));
      case "ERROR":
        throw decodeError(frame.payload);
      case "PING":
        return;
      default:
        throw new SyncError("BAD_FRAME", `a receiver does not send ${frame.type}`);
    }
  }

  #hearFailed(error: SyncError): void {
    this.#chunks.forgetSent();
    this.#troubles.failed(error);
  }

  #takeDone(done: DoneMessage): void {
    if (this.#ended === undefined || this.#done !== undefined)
      throw new SyncError("UNSOLICITED", "DONE out of turn");
    if (!equalBytes(done.transcript, this.#ended))
      throw new SyncError("CORRUPT", "the digests of the whole differ");
    Object.assign(this.totals, { deleted: done.deleted, missingBytes: done.missingBytes });
    this.#done = done;
  }

  /** Parts that turned out wrong come once more, also when all else was said. */
  #takeChecks(payload: Bytes): void {
    if (this.#pieces.checked(payload)) this.#ended = undefined;
  }

  #hear(payload: Bytes): void {
    if (this.#agreed) throw new SyncError("BAD_FRAME", "HELLO twice");
    const hello = decodeHello(payload, "receiver");
    this.#agreed = agree(this.#options.hello, hello);
    this.#frames.agreed(this.#agreed, hello.windows);
    this.#subtrees.heard(this.#agreed.subtreesKey);
    this.chunkMaking = chunkMakingOf(this.#agreed, this.#options.digests);
    this.#chunks.nameBy(this.chunkMaking.digest);
  }

  #addOld(job: Job<File>, answer: OldAnswer): void {
    if (this.#agreed?.macKey === undefined)
      throw new SyncError("UNSOLICITED", "an old version, but nobody spoke of pieces");
    this.#pieces.add(job, answer);
  }

  #nextContent(): SenderAction<File> | undefined {
    if (!this.#frames.isOpen("data")) return undefined;
    const part = this.#pieces.nextPart();
    if (part) return part;
    if (this.#pieces.hasRuns(this.#frames.isOpen("chunks"))) return this.#pieces.nextRuns();
    const next = this.#chunks.nextContent();
    if (next === undefined) return undefined;
    if (next.type === "read") return { do: "read", file: next.file, offset: next.offset, size: next.size };
    this.#sendContent(next.type, next.payload);
    return this.#frames.take();
  }

  #nextListing(): SenderAction<File> | undefined {
    if (!this.#subtrees.isOver) {
      const step = this.#subtrees.next();
      return step?.do === "send" ? { ...step, squeeze: "none" } : step;
    }
    return this.#frames.isOpen("entries") && this.#listing.begin() ? { do: "list" } : undefined;
  }

  #nextAnnouncement(): SenderAction<File> | undefined {
    if (!this.#frames.isOpen("chunks")) return undefined;
    return this.#pieces.nextScan() ?? this.#chunks.nextCut();
  }

  #nextEnd(): SenderAction<File> | undefined {
    if (this.#ended !== undefined)
      return !this.#duplex || this.#done !== undefined ? { do: "finish" } : undefined;
    return this.#listing.isIdle && this.#chunks.isIdle && this.#pieces.isIdle ? { do: "end" } : undefined;
  }

  #listingHost(): ListingHost<File> {
    return {
      totals: this.totals,
      send: (payload) => this.#frames.sendEntries(payload),
      push: (job) => this.#chunks.add(job),
      answered: (job, answer) => {
        if (answer === "all") job.unasked = true;
        if (answer === "all" || answer === "ask") this.#chunks.add(job);
        else if (answer !== "nothing") this.#addOld(job, answer);
      },
      settled: (bytes) => this.#frames.settle("entries", bytes),
      report: (error) => this.trouble(error, false),
    };
  }

  #chunksHost(): ChunksHost<File> {
    return {
      sendChunks: (payload) => this.#frames.sendList("CHUNKS", payload),
      sendSkip: (payload) => this.#frames.send("SKIP", payload),
      told: ({ job, offset }, count, bytes) => {
        this.totals.chunks += count;
        countContent(this.totals, job, offset, bytes);
      },
      reused: (bytes) => (this.totals.reusedBytes += bytes),
      ended: (job, bytes) => this.#bookListed(job, bytes),
      fail: (place, reason) => this.#troubles.unsent(place, reason),
    };
  }

  #piecesHost(): PiecesHost<File> {
    return {
      send: (type, payload) =>
        type === "PIECES"
          ? this.#frames.sendList(type, payload)
          : this.#frames.send(type, payload, "control"),
      sendContent: (type, payload, contentBytes) => {
        this.totals.sentBytes += contentBytes;
        this.#frames.sendUpdate(type, payload);
      },
      reused: (bytes) => (this.totals.reusedBytes += bytes),
      cut: (job, how) => this.#chunks.add({ ...job, unasked: how === "pushed", open: 0 }),
      listed: (job) => {
        countContent(this.totals, job, 0, job.size);
        this.#bookListed(job, job.size);
      },
      unlisted: (job) => {
        this.totals.chunkBytes -= job.size;
        this.totals.files -= 1;
        this.#listedJobs.remove(job);
      },
      fail: (job, reason) => this.#troubles.unsent(job.place, reason),
    };
  }

  /** All of a file was announced. */
  #bookListed(job: Job<File>, bytes: number): void {
    this.#listedJobs.add(job, bytes);
    this.totals.files += 1;
    this.#listing.settle(job.announced);
  }

  #sendContent(type: "DATA" | "PUSH", payload: Bytes): void {
    this.totals.sentBytes += payload.length;
    this.#frames.sendContent(type, payload);
  }
}
