import type { BlockPool } from "../../../bytes/block-pool.ts";
import { concatBytes } from "../../../bytes/compare.ts";
import { idBytes } from "../../../chunk/chunk.ts";
import { type ChunkDigest, sha256Digest } from "../../../chunk/digest.ts";
import { keyOf } from "../../../chunk/id-key.ts";
import { SyncError } from "../../../errors.ts";
import type { EntryPlace } from "../../../tree/entry/entry-order.ts";
import type { Bytes } from "../../../types.ts";
import { type ContentHolder, KeptContent } from "../../kept-content.ts";
import { sessionLimits } from "../../limits.ts";
import { Queue } from "../../queue.ts";

/** Chunks of one file that follow each other and wait for their answers or to be sent. */
interface AnnouncedRun<File> {
  readonly file: File;
  readonly place: EntryPlace;
  /** Where the first of them starts in the file. */
  readonly offset: number;
  readonly sizes: readonly number[];
  readonly ids: Bytes;
  readonly bytes: Bytes;
  /** The file's account of chunks that are not answered, or wanted and not sent. */
  readonly job: { open: number };
}

interface HeldRun<File> extends ContentHolder {
  readonly run: AnnouncedRun<File>;
  /** Chunks not answered yet: the first, and where it starts in the run. */
  answered: number;
  answeredBytes: number;
  /** Chunks that are not answered, or wanted and not sent. */
  open: number;
}

/** A chunk that the receiver asked for, and where it starts in its run. */
interface Wanted<File> {
  readonly held: HeldRun<File>;
  readonly index: number;
  readonly at: number;
}

/** What goes out next, or what has to be read again before it can. */
type NextContent<File> =
  | { readonly type: "DATA" | "PUSH"; readonly payload: Bytes }
  | { readonly type: "read"; readonly file: File; readonly offset: number; readonly size: number };

/**
 * The content that a sender has to send: what it pushes, and what it announced and was or will be
 * asked for. Keeps at most `keptBytes` of announced content in memory; what is beyond is read again
 * when it is wanted.
 */
export class ContentQueue<File> {
  readonly #limitBytes: number;
  /** Where content that is done with goes back to. */
  readonly #pool: BlockPool;
  /** What ids are. */
  digest: ChunkDigest = sha256Digest;
  /** What went out last; it may still be in use until `next` is called again. */
  readonly #going: Bytes[] = [];
  readonly #pushes = new Queue<Bytes>();
  #pushBytes = 0;
  readonly #unanswered = new Queue<HeldRun<File>>();
  #questions = 0;
  #unansweredBytes = 0;
  /** True when half of what was answered last was asked for; supposed as long as nothing was. */
  #isWanted = true;
  readonly #kept: KeptContent<HeldRun<File>>;
  readonly #wanted = new Queue<Wanted<File>>();
  #reading: Wanted<File> | undefined;

  constructor(keptBytes: number, pool: BlockPool) {
    this.#limitBytes = keptBytes;
    this.#pool = pool;
    this.#kept = new KeptContent(keptBytes, (bytes) => this.#going.push(bytes));
  }

  /** Chunks that were announced and not answered. */
  get questions(): number {
    return this.#questions;
  }

  /** Bytes that wait to be pushed. */
  get pushBytes(): number {
    return this.#pushBytes;
  }

  /**
   * True when more content would only have what is kept read again: some is to be sent first, or
   * most is asked for, so that answers are worth waiting for. Where little is, more is announced.
   */
  get isFull(): boolean {
    if (this.#wanted.size > 0 && 2 * this.#kept.bytes >= this.#limitBytes) return true;
    // Less than is kept, for what is cut comes in runs.
    const aheadBytes = 0.75 * this.#limitBytes * (this.#isWanted ? 1 : sessionLimits.unwantedAheadFactor);
    return this.#questions > 0 && this.#unansweredBytes >= aheadBytes;
  }

  /** True when nothing waits to be answered, read or sent. */
  get idle(): boolean {
    return this.#questions + this.#wanted.size + this.#pushes.size === 0 && this.#reading === undefined;
  }

  /** Where the file lies of which a chunk is being read again. */
  get readingPlace(): EntryPlace | undefined {
    return this.#reading?.held.run.place;
  }

  /** Queues content that was announced as pushed. */
  push(bytes: Bytes): void {
    if (bytes.length === 0) return;
    this.#pushes.push(bytes);
    this.#pushBytes += bytes.length;
  }

  /** Holds chunks that were announced as questions. */
  ask(run: AnnouncedRun<File>): void {
    if (run.sizes.length === 0) return;
    const held = { run, bytes: run.bytes, answered: 0, answeredBytes: 0, open: run.sizes.length };
    this.#unanswered.push(held);
    this.#questions += run.sizes.length;
    this.#unansweredBytes += run.bytes.length;
    run.job.open += run.sizes.length;
    this.#kept.add(held);
  }

  /** The receiver's answers to the oldest questions. Returns the bytes that are not wanted. */
  answer(wishes: readonly boolean[]): number {
    let unwantedBytes = 0;
    this.#questions -= wishes.length;
    this.#isWanted = 2 * wishes.filter(Boolean).length >= wishes.length;
    for (let next = 0; next < wishes.length;) {
      const held = this.#unanswered.peek();
      if (held === undefined) throw new SyncError("INTERNAL", "an answer without its question");
      const { sizes } = held.run;
      for (; held.answered < sizes.length && next < wishes.length; held.answered += 1, next += 1) {
        const bytes = sizes[held.answered] ?? 0;
        if (wishes[next] === true) this.#wanted.push({ held, index: held.answered, at: held.answeredBytes });
        else {
          unwantedBytes += bytes;
          this.#settle(held);
        }
        held.answeredBytes += bytes;
        this.#unansweredBytes -= bytes;
      }
      if (held.answered === sizes.length) this.#unanswered.shift();
    }
    return unwantedBytes;
  }

  /**
   * What is to go out now: pushes first, then what was wanted, up to one frame. What the call
   * before gave out must have been sent by now.
   */
  next(): NextContent<File> | undefined {
    for (const sent of this.#going.splice(0)) this.#pool.give(sent);
    if (this.#reading !== undefined) return undefined;
    if (this.#pushes.size > 0) return { type: "PUSH", payload: this.#gatherPushes() };
    const first = this.#wanted.peek();
    if (first === undefined) return undefined;
    if (first.held.bytes !== undefined) return { type: "DATA", payload: this.#gatherWanted() };
    this.#reading = this.#wanted.shift();
    const { file, offset, sizes } = first.held.run;
    return { type: "read", file, offset: offset + first.at, size: sizes[first.index] ?? 0 };
  }

  /** What was read again; true when it still is the chunk that was announced. */
  checkRead(bytes: Bytes | undefined): bytes is Bytes {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading !== undefined) this.#settle(reading.held);
    if (reading === undefined || bytes === undefined) return false;
    const { ids } = reading.held.run;
    const id = ids.subarray(reading.index * idBytes, (reading.index + 1) * idBytes);
    return this.digest.keyOf(bytes) === keyOf(id);
  }

  #gatherPushes(): Bytes {
    const views: Bytes[] = [];
    let gathered = 0;
    for (;;) {
      const push = this.#pushes.peek();
      if (push === undefined || isFull(gathered, push.length)) break;
      this.#pushes.shift();
      gathered += push.length;
      views.push(push);
      this.#going.push(push);
    }
    this.#pushBytes -= gathered;
    return joinViews(views);
  }

  #gatherWanted(): Bytes {
    const views: Bytes[] = [];
    let gathered = 0;
    for (;;) {
      const wanted = this.#wanted.peek();
      const bytes = wanted?.held.bytes;
      if (wanted === undefined || bytes === undefined) break;
      const size = wanted.held.run.sizes[wanted.index] ?? 0;
      if (isFull(gathered, size)) break;
      this.#wanted.shift();
      gathered += size;
      views.push(bytes.subarray(wanted.at, wanted.at + size));
      this.#settle(wanted.held);
    }
    return joinViews(views);
  }

  /** One chunk of a run is done with; with the last its content is. */
  #settle(held: HeldRun<File>): void {
    held.open -= 1;
    held.run.job.open -= 1;
    if (held.open === 0) this.#kept.drop(held);
  }
}

function isFull(gatheredBytes: number, nextBytes: number): boolean {
  return gatheredBytes > 0 && gatheredBytes + nextBytes > sessionLimits.dataFrameBytes;
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
