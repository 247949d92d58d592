import type { Bytes } from "../../../types.ts";
import { Queue } from "../../queue.ts";
import type { ScannedPieces } from "./piece-work.ts";
import type { OpenPart, PiecedFile } from "./pieced-file.ts";

/** A group of pieces that was announced, until its answer is carried out. */
export interface AnnouncedGroup<File> {
  readonly pieced: PiecedFile<File>;
  readonly part: OpenPart<File>;
  /** Where it starts in the file. */
  readonly offset: number;
  readonly pieces: Pick<ScannedPieces<File>, "sizes" | "macs" | "isText" | "rule">;
  /** Its content, as long as that is kept. */
  bytes: Bytes | undefined;
  /** Its answer, and each run of that which has not gone out. */
  open: number;
}

/**
 * Groups that were announced, in their order, and their content, of which a bounded amount is kept:
 * that of the newest groups, as what was announced long ago is asked for or not by then.
 */
export class AnnouncedGroups<File> {
  readonly #keptBytes: number;
  readonly #unanswered = new Queue<AnnouncedGroup<File>>();
  /** Those that may have their content. */
  readonly #kept = new Queue<AnnouncedGroup<File>>();
  #heldBytes = 0;

  /** @param keptBytes content kept in memory; beyond it is read again */
  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes;
  }

  /** How many are not answered. */
  get unansweredCount(): number {
    return this.#unanswered.size;
  }

  add(group: AnnouncedGroup<File>): void {
    this.#unanswered.push(group);
    this.#kept.push(group);
    group.pieced.job.open += 1;
    this.#heldBytes += group.bytes?.length ?? 0;
    while (this.#heldBytes > this.#keptBytes) this.#drop(this.#kept.take());
  }

  /** The oldest that is not answered. */
  peek(): AnnouncedGroup<File> | undefined {
    return this.#unanswered.peek();
  }

  /** Takes it, for its answer is there. @throws INTERNAL when there is none */
  take(): AnnouncedGroup<File> {
    return this.#unanswered.take();
  }

  /** The answer to a group, or one of its runs, is done with. */
  settle(group: AnnouncedGroup<File>): void {
    group.open -= 1;
    if (group.open > 0) return;
    group.part.open -= 1;
    group.pieced.job.open -= 1;
    this.#drop(group);
    while (this.#kept.size > 0 && this.#kept.peek()?.bytes === undefined) this.#kept.shift();
  }

  #drop(group: AnnouncedGroup<File>): void {
    if (group.bytes === undefined) return;
    this.#heldBytes -= group.bytes.length;
    group.bytes = undefined;
  }
}
