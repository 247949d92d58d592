import { concatBytes, equalBytes } from "../bytes/compare.ts";
import { idBytes } from "../chunk/chunk.ts";
import { sha256 } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import type { CutRun, SourceEntry } from "../tree/tree.ts";
import type { Bytes } from "../types.ts";
import { ChunkMemory } from "./chunk-memory.ts";
import { encodeEntries } from "./entry-codec.ts";
import type { Frame, FrameType, Squeeze } from "./frame.ts";
import { sessionLimits } from "./limits.ts";
import {
  decodeChunkWishes,
  decodeCounts,
  decodeDone,
  decodeError,
  decodeFailed,
  decodeFileWishes,
  decodeHello,
  encodeChunkGroups,
  encodeCounts,
  encodeHello,
} from "./messages.ts";
import type { ChunkGroup, DoneMessage, SenderHello, Windows } from "./messages.ts";
import { Queue } from "./queue.ts";

/** What the sender's state machine wants done next. Each is answered before `next` is called again. */
export type SenderAction<File> =
  | { readonly do: "send"; readonly type: FrameType; readonly payload: Bytes; readonly squeeze: Squeeze }
  /** Say END; the transcript is known where frames are written: `saidEnd`. */
  | { readonly do: "end" }
  /** Take the next batch from the source's listing: `listed` or `listingEnded`. */
  | { readonly do: "list" }
  /** Begin to cut these files; no answer. */
  | { readonly do: "cut"; readonly files: readonly File[] }
  /** Take the next runs of the cut that was begun: `cut` or `cutEnded`. */
  | { readonly do: "step" }
  /** Read a chunk again: `readAgain`. */
  | { readonly do: "read"; readonly file: File; readonly offset: number; readonly size: number }
  | { readonly do: "finish" };

/** Running totals of a sender. */
export interface SenderTotals {
  entries: number;
  /** Files whose chunk list was sent. */
  files: number;
  chunks: number;
  /** Bytes of content that the chunk lists describe. */
  chunkBytes: number;
  /** Bytes of content that were sent, before compression. */
  sentBytes: number;
  /** Paths that could not be listed or read. */
  troubles: number;
  /** Entries that the receiver could not bring about. */
  failed: number;
}

interface Job<File> {
  readonly file: File;
  readonly entry: number;
  readonly unasked: boolean;
}

/** A run whose chunks wait for their answers or to be sent. */
interface Lot<File> {
  readonly file: File;
  readonly offset: number;
  readonly sizes: readonly number[];
  readonly ids: Bytes;
  /** The content, as long as there is room to keep it. */
  bytes: Bytes | undefined;
  /** Chunks not answered yet: the first, and where it starts in the lot. */
  answered: number;
  answeredBytes: number;
}

/** A chunk that the receiver asked for. */
interface Wanted<File> {
  readonly lot: Lot<File>;
  readonly index: number;
  /** From the start of the lot. */
  readonly at: number;
}

export interface SenderCoreOptions {
  readonly hello: SenderHello;
  /** Chunks the receiver is known to have: they are not sent unless it asks. */
  readonly have?: ChunkMemory;
  /** Content kept in memory while answers are awaited; beyond it is read again. Default: docs/limits.md. */
  readonly keptContentBytes?: number;
  /** True to try to compress content. */
  readonly compress?: boolean;
  readonly onTrouble?: (error: SyncError) => void;
}

const groupChunkCount = 8192;
const chunksFrameBytes = 262_144;
const cutFilesCount = 256;
const queuedJobsCount = 4096;

/**
 * The sender of a session, without I/O: what happened goes in by its methods, what to do comes out of
 * `next`. Inputs only change the state; `next` alone looks at all of it and decides.
 *
 * 1. Entries are listed while the entries window is open, whatever else is going on.
 * 2. Files are cut in the order in which they were asked for, while the chunks window is open.
 * 3. Content goes out while the data window is open; it waits for nothing else. So each level waits only
 *    for the one below, and the last for the receiver's disk alone.
 * 4. END is said when every question is answered and every answer carried out.
 */
export class SenderCore<File> {
  readonly totals: SenderTotals = {
    entries: 0,
    files: 0,
    chunks: 0,
    chunkBytes: 0,
    sentBytes: 0,
    troubles: 0,
    failed: 0,
  };
  readonly #options: SenderCoreOptions;
  readonly #duplex: boolean;
  /** Chunks that were pushed and, as far as is known, reached the receiver's tree. */
  #pushed = newMemory();
  readonly #out: SenderAction<File>[] = [];
  /** Entries, chunks and content that the receiver has not settled, in bytes, and what it allows. */
  readonly #open = { entries: 0, chunks: 0, data: 0 };
  #windows: Windows;
  /** Files that were listed and not answered. */
  readonly #asked = new Queue<Job<File>>();
  readonly #jobs = new Queue<Job<File>>();
  /** Files of the cut under way, the first being the one whose runs come next. */
  readonly #cutting = new Queue<Job<File>>();
  #cutOffset = 0;
  readonly #unanswered = new Queue<Lot<File>>();
  #unansweredChunks = 0;
  /** Lots that hold content, oldest first. */
  readonly #kept = new Queue<Lot<File>>();
  #keptBytes = 0;
  readonly #wanted = new Queue<Wanted<File>>();
  readonly #pushes = new Queue<Bytes>();
  #pushBytes = 0;
  #heard = false;
  #listingEnded = false;
  #cutOpen = false;
  #rereading: Wanted<File> | undefined;
  /** The transcript that END carried. */
  #ended: Bytes | undefined;
  #done: DoneMessage | undefined;

  constructor(options: SenderCoreOptions) {
    this.#options = options;
    this.#duplex = options.hello.mode === "duplex";
    const first = this.#duplex ? sessionLimits.firstWindowBytes : Number.POSITIVE_INFINITY;
    this.#windows = { entries: first, chunks: first, data: first };
    this.#send("HELLO", encodeHello(options.hello), "none");
  }

  /** The receiver's last words, once they have come. */
  get done(): DoneMessage | undefined {
    return this.#done;
  }

  /** What to do now, or undefined when only an input can change anything. */
  next(): SenderAction<File> | undefined {
    const queued = this.#out.shift();
    if (queued !== undefined) return queued;
    return this.#nextContent() ?? this.#nextListing() ?? this.#nextCut() ?? this.#nextEnd();
  }

  /** The next entries of the source, in order. */
  listed(batch: readonly SourceEntry<File>[]): void {
    for (let at = 0; at < batch.length; at += sessionLimits.entriesPerFrameCount) {
      this.#announce(batch.slice(at, at + sessionLimits.entriesPerFrameCount));
    }
  }

  listingEnded(): void {
    this.#listingEnded = true;
  }

  /** A path had to be left out. */
  trouble(error: SyncError): void {
    this.totals.troubles += 1;
    this.#options.onTrouble?.(error);
  }

  /** The next runs of the cut under way. */
  cut(runs: readonly CutRun<File>[]): void {
    let groups: ChunkGroup[] = [];
    let size = 0;
    for (const run of runs) {
      for (const group of this.#takeRun(run)) {
        groups.push(group);
        size += 8 + group.sizes.length * (idBytes + 3);
        if (size < chunksFrameBytes) continue;
        this.#sendGroups(groups);
        groups = [];
        size = 0;
      }
    }
    if (groups.length > 0) this.#sendGroups(groups);
  }

  cutEnded(): void {
    this.#cutOpen = false;
    if (this.#cutting.size > 0) throw new SyncError("INTERNAL", "the source ended before its files did");
  }

  /** The chunk that was to be read again, or undefined when it is not there any more. */
  readAgain(bytes: Bytes | undefined): void {
    const wanted = this.#rereading;
    this.#rereading = undefined;
    if (wanted === undefined) return;
    const { lot, index } = wanted;
    const id = lot.ids.subarray(index * idBytes, (index + 1) * idBytes);
    if (bytes === undefined || !equalBytes(sha256(bytes), id)) {
      this.trouble(new SyncError("CHANGED", "a file changed while it was being sent"));
      this.#send("SKIP", encodeCounts(1), "none");
    } else {
      this.#sendContent("DATA", bytes);
    }
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
        return this.#answerChunks(frame.payload);
      case "CREDIT":
        return this.#credit(frame.payload);
      case "FAILED":
        this.totals.failed += 1;
        this.#pushed = newMemory();
        return this.#options.onTrouble?.(decodeFailed(frame.payload, this.totals.entries).error);
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
    this.#done = done;
  }

  #hear(payload: Bytes): void {
    if (this.#heard) throw new SyncError("BAD_FRAME", "HELLO twice");
    const hello = decodeHello(payload, "receiver");
    const { digest, cutter, compression } = this.#options.hello;
    const missing = !hello.digests.includes(digest)
      ? digest
      : !hello.cutters.includes(cutter.name)
        ? cutter.name
        : !hello.compressions.includes(compression)
          ? compression
          : undefined;
    if (missing !== undefined) throw new SyncError("UNSUPPORTED", `the receiver does not know ${missing}`);
    this.#heard = true;
    this.#windows = hello.windows;
  }

  #announce(batch: readonly SourceEntry<File>[]): void {
    const unasked = !this.#duplex;
    const payload = encodeEntries(
      batch.map(({ entry }) => ({ entry, unasked: unasked && entry.kind === "file" })),
    );
    for (const { entry, file } of batch) {
      const number = this.totals.entries++;
      if (entry.kind === "file") (unasked ? this.#jobs : this.#asked).push({ file, entry: number, unasked });
    }
    this.#open.entries += payload.length;
    this.#send("ENTRIES", payload, "control");
  }

  #answerFiles(payload: Bytes): void {
    for (const { wanted, all } of decodeFileWishes(payload, this.#asked.size)) {
      const job = this.#asked.shift();
      if (wanted && job !== undefined) this.#jobs.push({ ...job, unasked: all });
    }
  }

  #answerChunks(payload: Bytes): void {
    const wishes = decodeChunkWishes(payload, this.#unansweredChunks);
    this.#unansweredChunks -= wishes.length;
    let next = 0;
    while (next < wishes.length) {
      const lot = this.#unanswered.peek();
      if (lot === undefined) throw new SyncError("INTERNAL", "an answer without its question");
      for (; lot.answered < lot.sizes.length && next < wishes.length; lot.answered += 1, next += 1) {
        if (wishes[next] === true) this.#wanted.push({ lot, index: lot.answered, at: lot.answeredBytes });
        lot.answeredBytes += lot.sizes[lot.answered] ?? 0;
      }
      if (lot.answered === lot.sizes.length) this.#unanswered.shift();
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

  /** Content that may go out now: what was pushed first, then what was asked for. */
  #nextContent(): SenderAction<File> | undefined {
    if (this.#open.data >= this.#windows.data || this.#rereading !== undefined) return undefined;
    if (this.#pushes.size > 0) return this.#content("PUSH", this.#gatherPushes());
    const first = this.#wanted.peek();
    if (first === undefined) return undefined;
    if (first.lot.bytes === undefined) {
      this.#rereading = this.#wanted.shift();
      const size = first.lot.sizes[first.index] ?? 0;
      return { do: "read", file: first.lot.file, offset: first.lot.offset + first.at, size };
    }
    return this.#content("DATA", this.#gatherWanted());
  }

  /** What was pushed, up to one frame. */
  #gatherPushes(): Bytes {
    const views: Bytes[] = [];
    let gathered = 0;
    for (;;) {
      const push = this.#pushes.peek();
      if (push === undefined || (gathered > 0 && gathered + push.length > sessionLimits.dataFrameBytes))
        break;
      this.#pushes.shift();
      gathered += push.length;
      views.push(push);
    }
    this.#pushBytes -= gathered;
    return joinViews(views);
  }

  /** Wanted chunks that are in memory, up to one frame. */
  #gatherWanted(): Bytes {
    const views: Bytes[] = [];
    let gathered = 0;
    for (;;) {
      const wanted = this.#wanted.peek();
      if (wanted?.lot.bytes === undefined) break;
      const size = wanted.lot.sizes[wanted.index] ?? 0;
      if (gathered > 0 && gathered + size > sessionLimits.dataFrameBytes) break;
      this.#wanted.shift();
      gathered += size;
      views.push(wanted.lot.bytes.subarray(wanted.at, wanted.at + size));
    }
    return joinViews(views);
  }

  #nextListing(): SenderAction<File> | undefined {
    if (this.#listingEnded || this.#open.entries >= this.#windows.entries) return undefined;
    return this.#jobs.size < queuedJobsCount ? { do: "list" } : undefined;
  }

  #nextCut(): SenderAction<File> | undefined {
    if (this.#pushBytes >= sessionLimits.queuedContentBytes || this.#open.chunks >= this.#windows.chunks)
      return undefined;
    if (this.#cutOpen) return { do: "step" };
    if (this.#jobs.size === 0) return undefined;
    while (this.#jobs.size > 0 && this.#cutting.size < cutFilesCount) this.#cutting.push(this.#jobs.take());
    this.#cutOpen = true;
    this.#cutOffset = 0;
    return { do: "cut", files: this.#cutting.values().map(({ file }) => file) };
  }

  #nextEnd(): SenderAction<File> | undefined {
    if (this.#ended !== undefined)
      return !this.#duplex || this.#done !== undefined ? { do: "finish" } : undefined;
    const open =
      this.#asked.size + this.#jobs.size + this.#unanswered.size + this.#wanted.size + this.#pushes.size;
    if (!this.#listingEnded || this.#cutOpen || open > 0 || this.#rereading !== undefined) return undefined;
    return { do: "end" };
  }

  /** Books a run, and splits it where a list would not fit its frame. */
  *#takeRun(run: CutRun<File>): Generator<ChunkGroup> {
    const job = this.#cutting.peek();
    if (job === undefined || job.file !== run.file)
      throw new SyncError("INTERNAL", "the source cut a file nobody asked for");
    const failure = run.end !== undefined && run.end !== "complete" ? run.end : undefined;
    const end = failure?.code ?? (run.end === undefined ? undefined : "complete");
    const pushed = job.unasked ? this.#push(run) : undefined;
    if (!job.unasked && run.sizes.length > 0) this.#await(job, run);
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
    this.#cutOffset += run.bytes.length;
    if (end === undefined) return;
    if (failure !== undefined) this.#fail(failure);
    this.totals.files += 1;
    this.#cutting.shift();
    this.#cutOffset = 0;
  }

  /** The chunks of a file that failed may be gone with it, so from here on nothing counts as sent. */
  #fail(failure: SyncError): void {
    this.trouble(failure);
    this.#pushed = newMemory();
  }

  /** Queues the content of a run that nobody asked for, less what the receiver has or will have. */
  #push(run: CutRun<File>): boolean[] {
    const list = this.#options.hello.mode === "list";
    const pushed: boolean[] = [];
    let from = 0;
    let to = 0;
    for (const [i, size] of run.sizes.entries()) {
      const id = run.ids.subarray(i * idBytes, (i + 1) * idBytes);
      const known = list || this.#pushed.has(id) || this.#options.have?.has(id) === true;
      if (!known) this.#pushed.add(id);
      pushed.push(!known);
      if (known || to + size - from > sessionLimits.dataFrameBytes) {
        this.#queuePush(run.bytes.subarray(from, to));
        from = to;
      }
      to += size;
      if (known) from = to;
    }
    this.#queuePush(run.bytes.subarray(from, to));
    return pushed;
  }

  #queuePush(bytes: Bytes): void {
    if (bytes.length === 0) return;
    this.#pushes.push(bytes);
    this.#pushBytes += bytes.length;
  }

  /** Keeps a run until the receiver has answered it, its content as long as there is room. */
  #await(job: Job<File>, run: CutRun<File>): void {
    const { sizes, ids, bytes } = run;
    const lot: Lot<File> = {
      file: job.file,
      offset: this.#cutOffset,
      sizes,
      ids,
      bytes,
      answered: 0,
      answeredBytes: 0,
    };
    this.#unanswered.push(lot);
    this.#unansweredChunks += sizes.length;
    this.#kept.push(lot);
    this.#keptBytes += bytes.length;
    const limit = this.#options.keptContentBytes ?? sessionLimits.keptContentBytes;
    while (this.#keptBytes > limit) {
      const oldest = this.#kept.take();
      this.#keptBytes -= oldest.bytes?.length ?? 0;
      oldest.bytes = undefined;
    }
  }

  #sendGroups(groups: readonly ChunkGroup[]): void {
    const payload = encodeChunkGroups(groups);
    this.#open.chunks += payload.length;
    this.#send("CHUNKS", payload, "none");
  }

  #sendContent(type: "DATA" | "PUSH", payload: Bytes): void {
    this.#out.push(this.#content(type, payload));
  }

  #content(type: "DATA" | "PUSH", payload: Bytes): SenderAction<File> {
    this.#open.data += payload.length;
    this.totals.sentBytes += payload.length;
    return { do: "send", type, payload, squeeze: this.#options.compress === true ? "content" : "none" };
  }

  #send(type: FrameType, payload: Bytes, squeeze: Squeeze): void {
    this.#out.push({ do: "send", type, payload, squeeze });
  }
}

function newMemory(): ChunkMemory {
  return new ChunkMemory(sessionLimits.rememberedChunkCount);
}

/** The views as one run of bytes; those that lie side by side already are not copied. */
function joinViews(views: readonly Bytes[]): Bytes {
  const joined: Bytes[] = [];
  for (const view of views) {
    const last = joined.at(-1);
    if (
      last !== undefined &&
      last.buffer === view.buffer &&
      last.byteOffset + last.length === view.byteOffset
    ) {
      joined[joined.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + view.length);
    } else {
      joined.push(view);
    }
  }
  return joined.length === 1 && joined[0] !== undefined ? joined[0] : concatBytes(joined);
}
