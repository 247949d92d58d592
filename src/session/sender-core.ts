import { idBytes } from "../chunk/chunk.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { BlockPool } from "../bytes/block-pool.ts";
import { equalBytes } from "../bytes/compare.ts";
import { isSyncError, SyncError, withPath } from "../errors.ts";
import { type EntryPlace, printEntryPath } from "../tree/entry/entry-order.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { CutRun, SourceEntry } from "../tree/source.ts";
import type { Bytes } from "../types.ts";
import { hearChanges } from "./change-codec.ts";
import { type ChunkGroup, encodeChunkGroups } from "./chunk-groups.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import { decodeCounts, decodeDone, decodeError, decodeFailed, encodeCounts } from "./closing.ts";
import type { DoneMessage } from "./closing.ts";
import { ContentQueue } from "./content-queue.ts";
import { encodeEntries } from "./entry-codec.ts";
import type { Frame, FrameType, Squeeze } from "./frame.ts";
import { agree, decodeHello, encodeHello, type SenderHello, type Windows } from "./hello.ts";
import { sessionLimits } from "./limits.ts";
import { type Announced, type Cutting, type Job, withinSize } from "./job.ts";
import { type OutgoingEntry, OutgoingEntries } from "./outgoing-entries.ts";
import { ListedJobs } from "./listed-jobs.ts";
import { Queue } from "./queue.ts";
import { noTotals, type SenderAction } from "./sender-action.ts";
import { SentChunks } from "./sent-chunks.ts";
import { decodeChunkWishes, decodeFileWishes } from "./wishes.ts";

interface SenderCoreOptions {
  readonly hello: SenderHello;
  /** What chunk ids are: the one that the HELLO names. Default SHA-256. */
  readonly digest?: ChunkDigest;
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

const groupChunkCount = 8192;
/** Bytes that a CHUNKS frame aims at. */
const controlFrameBytes = 262_144;
const cutFilesCount = 256;

const first = sessionLimits.firstWindowBytes;
/** Before the receiver was heard. */
const firstWindows: Windows = { entries: first, chunks: first, data: first };
/** Where nobody is heard, lists and content go out as they are made; entries wait for them. */
const oneWayWindows: Windows = {
  entries: sessionLimits.oneWayEntriesBytes,
  chunks: Number.POSITIVE_INFINITY,
  data: Number.POSITIVE_INFINITY,
};

/**
 * The sender of a session, without I/O: what happened goes in by its methods, what to do comes out
 * of `next`. Inputs only change the state; `next` alone looks at all of it and decides.
 *
 * 1. Entries are listed while the entries window is open, whatever else is going on.
 * 2. Files are cut in the order in which they were asked for, while the chunks window is open.
 * 3. Content goes out while the data window is open; it waits for nothing else. So each level waits
 *    only for the one below, and the last for the receiver's disk alone.
 * 4. END is said when every question is answered and every answer carried out.
 */
export class SenderCore<File> {
  readonly totals = noTotals();
  readonly #options: SenderCoreOptions;
  readonly #duplex: boolean;
  readonly #entries: OutgoingEntries<File>;
  readonly #sent: SentChunks;
  readonly #out: SenderAction<File>[] = [];
  /** Entries, chunks and content that are not settled, in bytes, and what the receiver allows. */
  readonly #open = { entries: 0, chunks: 0, data: 0 };
  #windows: Windows;
  /** Files that were listed and not answered. */
  readonly #asked = new Queue<Job<File>>();
  readonly #jobs = new Queue<Job<File>>();
  /** Files of the cut under way. */
  readonly #cutting = new Map<File, Cutting<File>>();
  readonly #listedJobs = new ListedJobs<File>();
  readonly #content: ContentQueue<File>;
  /** Files that were reported. */
  readonly #told = new WeakSet<EntryPlace>();
  #heard = false;
  #compress: boolean;
  /** What the source was asked for and has not answered yet. */
  readonly #underWay = { list: false, step: false };
  #listingEnded = false;
  #cutOpen = false;
  /** The transcript that END carried. */
  #ended: Bytes | undefined;
  #done: DoneMessage | undefined;

  constructor(options: SenderCoreOptions) {
    this.#options = options;
    this.#duplex = options.hello.mode === "duplex";
    this.#compress = options.compress === true;
    this.#entries = new OutgoingEntries(options.hello.layout, (error) => this.#report(error));
    this.#sent = new SentChunks(
      options.hello.mode === "list" ? () => true : (id) => options.have?.has(id) === true,
    );
    this.#content = new ContentQueue(
      options.keptContentBytes ?? sessionLimits.keptContentBytes,
      options.pool ?? new BlockPool(),
      options.digest ?? sha256Digest,
    );
    this.#windows = this.#duplex ? firstWindows : oneWayWindows;
    this.#send("HELLO", encodeHello(options.hello), "none");
  }

  /** The receiver's last words, once they have come. */
  get done(): DoneMessage | undefined {
    return this.#done;
  }

  /** What to do now, or undefined when only an input can change anything. */
  next(): SenderAction<File> | undefined {
    this.#listedJobs.book(this.totals);
    const queued = this.#out.shift();
    return queued ?? this.#nextContent() ?? this.#nextListing() ?? this.#nextCut() ?? this.#nextEnd();
  }

  /** The next entries of the source. @throws PATH when the first is not what the layout says */
  listed(batch: readonly SourceEntry<File>[]): void {
    this.#underWay.list = false;
    for (const frame of this.#entries.frames(batch)) this.#announce(frame);
  }

  listingEnded(): void {
    this.#listingEnded = true;
    this.totals.listed = true;
    this.#send("LISTED", new Uint8Array(0), "none");
  }

  /** The source left a path out. One of a kind that is never sent is UNSUPPORTED. */
  trouble(error: SyncError): void {
    if (error.code === "UNSUPPORTED") this.totals.leftOut += 1;
    this.#report(error);
  }

  /** A path cannot be sent, or not all of it. */
  #report(error: SyncError): void {
    this.totals.troubles += 1;
    this.#options.onTrouble?.(error);
  }

  /** The next runs of the cut under way. */
  cut(runs: readonly CutRun<File>[]): void {
    this.#underWay.step = false;
    let groups: ChunkGroup[] = [];
    let size = 0;
    for (const run of runs) {
      for (const group of this.#takeRun(run)) {
        groups.push(group);
        size += 8 + group.sizes.length * (idBytes + 3);
        if (size < controlFrameBytes) continue;
        this.#sendGroups(groups);
        groups = [];
        size = 0;
      }
    }
    if (groups.length > 0) this.#sendGroups(groups);
  }

  cutEnded(): void {
    this.#underWay.step = false;
    this.#cutOpen = false;
    if (this.#cutting.size > 0) throw new SyncError("INTERNAL", "the source ended before its files did");
  }

  /** The chunk of a file that was to be read again, or why it is not there any more. */
  readAgain(read: Bytes | SyncError): void {
    const bytes = isSyncError(read) ? undefined : read;
    const place = this.#content.readingPlace;
    if (this.#content.checkRead(bytes)) {
      this.#out.push(this.#sendContent("DATA", bytes));
      return;
    }
    this.#tell(
      isSyncError(read) ? read : new SyncError("CHANGED", "a file changed while it was sent"),
      place,
    );
    this.#send("SKIP", encodeCounts(1), "none");
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
    if (!this.#heard && frame.type !== "HELLO" && frame.type !== "ERROR") {
      throw new SyncError("BAD_FRAME", `the receiver began with ${frame.type}`);
    }
    switch (frame.type) {
      case "HELLO":
        return this.#hear(frame.payload);
      case "WISH_FILES":
        return this.#answerFiles(frame.payload);
      case "WISH_CHUNKS":
        return this.#content.answer(decodeChunkWishes(frame.payload, this.#content.questions));
      case "CREDIT":
        return this.#credit(frame.payload);
      case "FAILED":
        this.totals.failed += 1;
        this.#sent.forget();
        return this.#options.onTrouble?.(decodeFailed(frame.payload, this.totals.entries).error);
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

  #takeDone(done: DoneMessage): void {
    if (this.#ended === undefined || this.#done !== undefined)
      throw new SyncError("UNSOLICITED", "DONE out of turn");
    if (!equalBytes(done.transcript, this.#ended))
      throw new SyncError("CORRUPT", "the digests of the whole differ");
    this.totals.deleted = done.deleted;
    this.#done = done;
  }

  #hear(payload: Bytes): void {
    if (this.#heard) throw new SyncError("BAD_FRAME", "HELLO twice");
    const hello = decodeHello(payload, "receiver");
    this.#compress ||= agree(this.#options.hello, hello).compress;
    this.#heard = true;
    const factor = sessionLimits.windowCeilingFactor;
    this.#windows = {
      entries: Math.min(hello.windows.entries, factor * sessionLimits.entriesWindowBytes),
      chunks: Math.min(hello.windows.chunks, factor * sessionLimits.chunksWindowBytes),
      data: Math.min(hello.windows.data, factor * sessionLimits.dataWindowBytes),
    };
  }

  #announce(batch: readonly OutgoingEntry<File>[]): void {
    const unasked = !this.#duplex;
    const payload = encodeEntries(
      batch.map(({ entry }) => ({ entry, unasked: unasked && entry.kind === "file" })),
    );
    const announced = { open: 1, bytes: payload.length };
    for (const { entry, file, place } of batch) {
      const number = this.totals.entries++;
      if (entry.kind !== "file") continue;
      announced.open += 1;
      this.totals.wantedFiles += 1;
      this.totals.wantedBytes += entry.size;
      const job = { file, entry: number, size: entry.size, place, unasked, announced, open: 0 };
      (unasked ? this.#jobs : this.#asked).push(job);
    }
    this.#open.entries += payload.length;
    this.#settle(announced);
    this.#send("ENTRIES", payload, "control");
  }

  #settle(announced: Announced): void {
    announced.open -= 1;
    if (announced.open === 0 && !this.#duplex) this.#open.entries -= announced.bytes;
  }

  #answerFiles(payload: Bytes): void {
    for (const { wanted, all } of decodeFileWishes(payload, this.#asked.size)) {
      const job = this.#asked.take();
      if (wanted) this.#jobs.push({ ...job, unasked: all });
      if (wanted) continue;
      this.totals.wantedFiles -= 1;
      this.totals.wantedBytes -= job.size;
    }
  }

  #credit(payload: Bytes): void {
    const [entries = 0, chunks = 0, data = 0] = decodeCounts(payload, 3);
    if (entries > this.#open.entries || chunks > this.#open.chunks || data > this.#open.data) {
      throw new SyncError("UNSOLICITED", "the receiver settled more than was sent");
    }
    this.#open.entries -= entries;
    this.#open.chunks -= chunks;
    this.#open.data -= data;
  }

  #nextContent(): SenderAction<File> | undefined {
    if (this.#open.data >= this.#windows.data) return undefined;
    const next = this.#content.next();
    if (next === undefined) return undefined;
    if (next.type !== "read") return this.#sendContent(next.type, next.payload);
    return { do: "read", file: next.file, offset: next.offset, size: next.size };
  }

  #nextListing(): SenderAction<File> | undefined {
    if (this.#underWay.list || this.#listingEnded) return undefined;
    if (this.#open.entries >= this.#windows.entries) return undefined;
    this.#underWay.list = true;
    return { do: "list" };
  }

  #nextCut(): SenderAction<File> | undefined {
    if (this.#underWay.step || this.#content.pushBytes >= sessionLimits.queuedContentBytes) return undefined;
    if (this.#open.chunks >= this.#windows.chunks) return undefined;
    this.#underWay.step = this.#cutOpen;
    if (this.#cutOpen) return { do: "step" };
    if (this.#jobs.size === 0) return undefined;
    while (this.#jobs.size > 0 && this.#cutting.size < cutFilesCount) {
      const job = this.#jobs.take();
      this.#cutting.set(job.file, { job, offset: 0, ended: false });
    }
    this.#cutOpen = true;
    return { do: "cut", files: [...this.#cutting.keys()] };
  }

  #nextEnd(): SenderAction<File> | undefined {
    if (this.#ended !== undefined)
      return !this.#duplex || this.#done !== undefined ? { do: "finish" } : undefined;
    if (!this.#listingEnded || this.#cutOpen || this.#asked.size + this.#jobs.size > 0) return undefined;
    if (!this.#content.idle) return undefined;
    return { do: "end" };
  }

  /** Books a run, and splits it where a list would not fit its frame. */
  *#takeRun(given: CutRun<File>): Generator<ChunkGroup> {
    const cut = this.#cutting.get(given.file);
    if (cut === undefined) throw new SyncError("INTERNAL", "the source cut a file nobody asked for");
    if (given.end !== undefined) this.#cutting.delete(given.file);
    if (cut.ended) return;
    const { job } = cut;
    const run = withinSize(given, cut);
    const failure = run.end !== undefined && run.end !== "complete" ? run.end : undefined;
    const end = failure?.code ?? (run.end === undefined ? undefined : "complete");
    if (run.sizes.length === 0 && end === undefined) return;
    const pushed = job.unasked ? this.#push(run) : undefined;
    if (!job.unasked) this.#content.ask({ ...run, offset: cut.offset, place: job.place, job });
    for (let at = 0; at === 0 || at < run.sizes.length; at += groupChunkCount) {
      const to = Math.min(run.sizes.length, at + groupChunkCount);
      yield {
        entry: job.entry,
        sizes: run.sizes.slice(at, to),
        ids: run.ids.subarray(at * idBytes, to * idBytes),
        ...(pushed && { pushed: pushed.slice(at, to) }),
        ...(end !== undefined && to === run.sizes.length && { end }),
      };
    }
    this.totals.chunks += run.sizes.length;
    this.totals.chunkBytes += run.bytes.length;
    this.totals.currentName = job.place.name;
    cut.offset += run.bytes.length;
    if (end === undefined) return;
    cut.ended = true;
    this.#listedJobs.add(job, cut.offset);
    if (failure !== undefined) this.#tell(failure, job.place);
    if (failure !== undefined) this.#sent.forget(); // its chunks may be gone with it
    this.totals.files += 1;
    this.#settle(job.announced);
  }

  /** Reports a file that cannot be sent, once: each of its chunks may fail. */
  #tell(failure: SyncError, place: EntryPlace | undefined): void {
    if (place === undefined || this.#told.has(place)) return;
    this.#told.add(place);
    this.#report(withPath(failure, printEntryPath(place)));
  }

  #push(run: CutRun<File>): boolean[] {
    const { pushed, pieces, rest } = this.#sent.select(run);
    for (const piece of pieces) this.#content.push(piece);
    for (const part of rest) this.#options.pool?.give(part);
    return pushed;
  }

  #sendGroups(groups: readonly ChunkGroup[]): void {
    const payload = encodeChunkGroups(groups);
    this.#open.chunks += payload.length;
    this.#send("CHUNKS", payload, "none");
  }

  #sendContent(type: "DATA" | "PUSH", payload: Bytes): SenderAction<File> {
    this.#open.data += payload.length;
    this.totals.sentBytes += payload.length;
    return { do: "send", type, payload, squeeze: this.#compress ? "content" : "none" };
  }

  #send(type: FrameType, payload: Bytes, squeeze: Squeeze): void {
    this.#out.push({ do: "send", type, payload, squeeze });
  }
}
