import type { SyncError } from "../../../errors.ts";
import type { Layout } from "../../../tree/entry/entry.ts";
import type { SourceEntry } from "../../../tree/source.ts";
import type { Bytes } from "../../../types.ts";
import type { Announced, Job } from "../../job.ts";
import { Queue } from "../../queue.ts";
import type { SenderTotals } from "../../sender-action.ts";
import { decodeFileAnswers, type FileAnswer } from "../../wishes.ts";
import { encodeEntries } from "./entry-codec.ts";
import { type OutgoingEntry, OutgoingEntries } from "./outgoing-entries.ts";

/** What the level needs from its session. */
export interface ListingHost<File> {
  readonly totals: SenderTotals;
  /** Sends an ENTRIES frame. */
  send(payload: Bytes): void;
  /** Sends the content of a file that nobody is asked about. */
  push(job: Job<File>): void;
  /** A file was answered. */
  answered(job: Job<File>, answer: FileAnswer): void;
  /** An ENTRIES frame of so many bytes is settled, where no receiver says so. */
  settled(bytes: number): void;
  /** A path cannot be sent. */
  report(error: SyncError): void;
}

/** The sender's half of the entries level: announces entries and takes the answers to files. */
export class OutgoingListing<File> {
  readonly #host: ListingHost<File>;
  readonly #isDuplex: boolean;
  readonly #entries: OutgoingEntries<File>;
  /** Files that were listed and not answered. */
  readonly #asked = new Queue<Job<File>>();
  #isListing = false;
  #hasEnded = false;

  constructor(host: ListingHost<File>, layout: Layout, isDuplex: boolean) {
    this.#host = host;
    this.#isDuplex = isDuplex;
    this.#entries = new OutgoingEntries(layout, isDuplex, (error) => host.report(error));
  }

  /** True when every entry was announced and every file answered. */
  get isIdle(): boolean {
    return this.#hasEnded && this.#asked.size === 0;
  }

  /** Whether the next entries of the source are to be taken; they are under way then. */
  begin(): boolean {
    if (this.#isListing || this.#hasEnded) return false;
    this.#isListing = true;
    return true;
  }

  /** The next entries of the source. @throws PATH when the first is not what the layout says */
  listed(batch: readonly SourceEntry<File>[]): void {
    this.#isListing = false;
    for (const frame of this.#entries.frames(batch)) this.#announce(frame);
  }

  ended(): void {
    this.#hasEnded = true;
  }

  /** A WISH_FILES frame. @throws BAD_MESSAGE, UNSOLICITED */
  answer(payload: Bytes): void {
    const { totals } = this.#host;
    const sizeAt = (i: number): number => this.#asked.at(i)!.size;
    for (const answer of decodeFileAnswers(payload, this.#asked.size, sizeAt)) {
      const job = this.#asked.take();
      this.#host.answered(job, answer);
      if (answer !== "nothing") continue;
      totals.wantedFiles -= 1;
      totals.wantedBytes -= job.size;
    }
  }

  /** All of a file was announced. */
  settle(announced: Announced): void {
    announced.open -= 1;
    if (announced.open === 0 && !this.#isDuplex) this.#host.settled(announced.bytes);
  }

  #announce(batch: readonly OutgoingEntry<File>[]): void {
    const { totals } = this.#host;
    const payload = encodeEntries(batch);
    const announced = { open: 1, bytes: payload.length };
    for (const { entry, file, place, unasked } of batch) {
      const number = totals.entries++;
      if (entry.kind !== "file") continue;
      announced.open += 1;
      totals.wantedFiles += 1;
      totals.wantedBytes += entry.size;
      const job = { file, entry: number, size: entry.size, place, unasked, announced, open: 0 };
      if (unasked) this.#host.push(job);
      else this.#asked.push(job);
    }
    this.#host.send(payload);
    this.settle(announced);
  }
}
