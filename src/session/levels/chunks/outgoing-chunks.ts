import { BlockPool } from "../../../bytes/block-pool.ts";
import { idBytes } from "../../../chunk/chunk.ts";
import type { ChunkDigest } from "../../../chunk/digest.ts";
import { isSyncError, SyncError } from "../../../errors.ts";
import type { EntryPlace } from "../../../tree/entry/entry-order.ts";
import type { CutRun } from "../../../tree/source.ts";
import type { Bytes } from "../../../types.ts";
import { type ChunkGroup, encodeChunkGroups } from "./chunk-groups.ts";
import { encodeCounts } from "../../closing.ts";
import { ContentQueue } from "./content-queue.ts";
import { type Cutting, type Job, withinSize } from "../../job.ts";
import { sessionLimits } from "../../limits.ts";
import { Queue } from "../../queue.ts";
import type { SenderAction } from "../../sender-action.ts";
import { SentChunks } from "./sent-chunks.ts";
import { decodeBits } from "../../wishes.ts";

/** What the level needs from its session. */
export interface ChunksHost<File> {
  sendChunks(payload: Bytes): void;
  sendSkip(payload: Bytes): void;
  /** Chunks of a file were announced, so many bytes of content from where its run starts. */
  told(cut: Cutting<File>, count: number, bytes: number): void;
  /** So much content that was announced does not have to be sent. */
  reused(bytes: number): void;
  /** All of a file was announced, so many bytes. */
  ended(job: Job<File>, bytes: number): void;
  /** A file cannot be sent, or not all of it. */
  fail(place: EntryPlace | undefined, reason: SyncError): void;
}

interface OutgoingChunksOptions {
  readonly have: (id: Bytes) => boolean;
  readonly keptContentBytes?: number | undefined;
  readonly pool?: BlockPool | undefined;
}

const groupChunkCount = 8192;
/** Bytes that a CHUNKS frame aims at. */
const frameBytes = 262_144;
const cutFilesCount = 256;

/**
 * The sender's half of the chunks level: cuts files in the order in which they were asked for,
 * announces their chunks, and sends those that are pushed or wished for.
 */
export class OutgoingChunks<File> {
  readonly #host: ChunksHost<File>;
  readonly #pool: BlockPool | undefined;
  readonly #content: ContentQueue<File>;
  readonly #sent: SentChunks;
  readonly #jobs = new Queue<Job<File>>();
  /** Files of the cut under way. */
  readonly #cutting = new Map<File, Cutting<File>>();
  #isCutOpen = false;
  #isStepping = false;
  /** Lists that wait for the rest of their frame. */
  #lists: ChunkGroup[] = [];
  #listBytes = 0;

  constructor(host: ChunksHost<File>, { have, keptContentBytes, pool }: OutgoingChunksOptions) {
    this.#host = host;
    this.#pool = pool;
    this.#sent = new SentChunks(have);
    this.#content = new ContentQueue(
      keptContentBytes ?? sessionLimits.keptContentBytes,
      pool ?? new BlockPool(),
    );
  }

  /** True when nothing waits to be cut, answered, read or sent. */
  get isIdle(): boolean {
    return !this.#isCutOpen && this.#jobs.size === 0 && this.#content.idle;
  }

  /** Says what ids are, before anything is cut. */
  nameBy(digest: ChunkDigest): void {
    this.#content.digest = digest;
  }

  /** A file is to be cut. */
  add(job: Job<File>): void {
    this.#jobs.push(job);
  }

  /** From here on no chunk counts as sent before. */
  forgetSent(): void {
    this.#sent.forget();
  }

  /** What content is to go out, or to be read again first. */
  nextContent(): ReturnType<ContentQueue<File>["next"]> {
    return this.#content.next();
  }

  /** What is to be cut next. */
  nextCut(): SenderAction<File> | undefined {
    if (this.#isStepping || this.#content.pushBytes >= sessionLimits.queuedContentBytes) return undefined;
    if (this.#content.isFull) return undefined;
    this.#isStepping = this.#isCutOpen;
    if (this.#isCutOpen) return { do: "step" };
    if (this.#jobs.size === 0) return undefined;
    while (this.#jobs.size > 0 && this.#cutting.size < cutFilesCount) {
      const job = this.#jobs.take();
      this.#cutting.set(job.file, { job, offset: 0, ended: false });
    }
    this.#isCutOpen = true;
    return { do: "cut", files: [...this.#cutting.keys()] };
  }

  /** The next runs of the cut under way. */
  cut(runs: readonly CutRun<File>[]): void {
    this.#isStepping = false;
    for (const run of runs) this.#takeRun(run);
    this.#sendLists();
  }

  cutEnded(): void {
    this.#isStepping = false;
    this.#isCutOpen = false;
    if (this.#cutting.size > 0) throw new SyncError("INTERNAL", "the source ended before its files did");
  }

  /** The receiver's answers to the oldest questions. @throws what is wrong with them */
  answer(payload: Bytes): void {
    this.#host.reused(this.#content.answer(decodeBits(payload, this.#content.questions)));
  }

  /**
   * The chunk of a file that was to be read again, or why it is not there any more. Returns the
   * content to send, if it is.
   */
  readAgain(read: Bytes | SyncError): Bytes | undefined {
    const bytes = isSyncError(read) ? undefined : read;
    const place = this.#content.readingPlace;
    if (this.#content.checkRead(bytes)) return bytes;
    this.#host.fail(
      place,
      isSyncError(read) ? read : new SyncError("CHANGED", "a file changed while it was sent"),
    );
    this.#host.sendSkip(encodeCounts(1));
    return undefined;
  }

  #addList(group: ChunkGroup): void {
    this.#lists.push(group);
    this.#listBytes += 8 + group.sizes.length * (idBytes + 3);
    if (this.#listBytes >= frameBytes) this.#sendLists();
  }

  #sendLists(): void {
    if (this.#lists.length === 0) return;
    this.#host.sendChunks(encodeChunkGroups(this.#lists, this.#content.digest.sizeBytes));
    this.#lists = [];
    this.#listBytes = 0;
  }

  /** Books a run, and splits it where a list would not fit its frame. */
  #takeRun(given: CutRun<File>): void {
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
    const { sizes, ids } = run;
    if (sizes.length <= groupChunkCount) this.#addList({ entry: job.entry, sizes, ids, pushed, end });
    else this.#addLists({ entry: job.entry, sizes, ids, pushed, end });
    this.#host.told(cut, run.sizes.length, run.bytes.length);
    cut.offset += run.bytes.length;
    if (end === undefined) return;
    cut.ended = true;
    if (failure !== undefined) this.#host.fail(job.place, failure);
    if (failure !== undefined) this.#sent.forget(); // its chunks may be gone with it
    this.#host.ended(job, cut.offset);
  }

  #addLists({ entry, sizes, ids, pushed, end }: ChunkGroup): void {
    for (let at = 0; at < sizes.length; at += groupChunkCount) {
      const to = Math.min(sizes.length, at + groupChunkCount);
      this.#addList({
        entry,
        sizes: sizes.slice(at, to),
        ids: ids.subarray(at * idBytes, to * idBytes),
        pushed: pushed?.slice(at, to),
        end: to === sizes.length ? end : undefined,
      });
    }
  }

  #push(run: CutRun<File>): boolean[] {
    const { pushed, pieces, rest } = this.#sent.select(run);
    for (const piece of pieces) this.#content.push(piece);
    this.#host.reused(rest.reduce((sum, { length }) => sum + length, 0));
    for (const part of rest) this.#pool?.give(part);
    return pushed;
  }
}
