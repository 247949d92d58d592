import { type ContentHolder, KeptContent } from "../../kept-content.ts";
import { Queue } from "../../queue.ts";
import type { ScannedPieces } from "./piece-work.ts";
import type { OpenPart, PiecedFile } from "./pieced-file.ts";

/** A group of pieces that was announced, until its answer is carried out. */
export interface AnnouncedGroup<File> extends ContentHolder {
  readonly pieced: PiecedFile<File>;
  readonly part: OpenPart<File>;
  /** Where it starts in the file. */
  readonly offset: number;
  readonly pieces: Pick<ScannedPieces<File>, "sizes" | "macs" | "isText" | "rule">;
  /** Its answer, and each run of that which has not gone out. */
  open: number;
}

/** Groups that were announced, in their order, and of their content as much as may be kept. */
export class AnnouncedGroups<File> {
  readonly #unanswered = new Queue<AnnouncedGroup<File>>();
  readonly #kept: KeptContent<AnnouncedGroup<File>>;

  /** @param keptBytes content kept in memory; beyond it is read again */
  constructor(keptBytes: number) {
    this.#kept = new KeptContent(keptBytes);
  }

  /** How many are not answered. */
  get unansweredCount(): number {
    return this.#unanswered.size;
  }

  add(group: AnnouncedGroup<File>): void {
    this.#unanswered.push(group);
    this.#kept.add(group);
    group.pieced.job.open += 1;
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
    this.#kept.drop(group);
  }
}
