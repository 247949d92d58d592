import { widthOf } from "./display-width.ts";
import { progressLine } from "./progress-line.ts";
import { RecentRate } from "../../bytes/recent-rate.ts";
import type { Progress } from "./report.ts";

/** No line of progress is longer, however wide the terminal is. */
const mostColumns = 80;
/** Milliseconds between two lines where one is written over the other, and where each stays. */
const pauseMs = { over: 200, below: 1000 };

/** Where progress is shown. */
interface LiveProgressOptions {
  readonly write: (text: string) => void;
  /**
   * Columns of the terminal now: it may be resized. Undefined where lines stay one below another.
   */
  readonly columns: (() => number) | undefined;
  /** False to show nothing but what `tell` asks for. */
  readonly isDrawn: boolean;
  /** Writes what is drawn; the line of the whole unless given. */
  readonly describe?: typeof progressLine | undefined;
}

/**
 * The line that tells how far a command is. It is drawn at its own pace, so that a rate falls when
 * nothing comes.
 */
export class LiveProgress {
  readonly #write: (text: string) => void;
  readonly #columns: (() => number) | undefined;
  readonly #isDrawn: boolean;
  readonly #describe: typeof progressLine;
  readonly #rate = new RecentRate();
  #latest: Progress | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Columns of the line that stands there, 0 when none does. */
  #shownColumns = 0;

  constructor({ write, columns, isDrawn, describe = progressLine }: LiveProgressOptions) {
    this.#isDrawn = isDrawn;
    this.#describe = describe;
    this.#write = write;
    this.#columns = columns;
  }

  /** Takes note of how far it is. May be called as often as that changes. */
  update(progress: Progress): void {
    if (this.#latest === undefined) this.#rate.note(performance.now(), progress.doneBytes);
    this.#latest = progress;
    if (!this.#isDrawn || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), this.#columns ? pauseMs.over : pauseMs.below);
    this.#timer.unref();
  }

  /** Writes a line that stays, of how far it is now. */
  tell(): void {
    const now = performance.now();
    const line =
      this.#latest === undefined
        ? "nothing yet"
        : progressLine(this.#latest, this.#rate.note(now, this.#latest.doneBytes), this.#roomColumns());
    this.clear();
    this.#write(`${line}\n`);
  }

  /** Takes the line away, so that another can be written in its place. */
  clear(): void {
    const erasure = this.#erasure();
    if (erasure !== "") this.#write(erasure);
    this.#shownColumns = 0;
  }

  /** Takes the line away until it is told how far it is. */
  hide(): void {
    this.#latest = undefined;
    this.clear();
  }

  /** Takes the line away for good. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    if (this.#latest === undefined) return;
    const rate = this.#rate.note(performance.now(), this.#latest.doneBytes);
    const line = this.#describe(this.#latest, rate, this.#roomColumns());
    if (!this.#columns) return this.#write(`${line}\n`);
    this.#write(`${this.#erasure()}${line}`);
    this.#shownColumns = widthOf(line);
  }

  /** Columns that a line may have: in the last one of a terminal some begin a new line. */
  #roomColumns(): number {
    return Math.min(mostColumns, (this.#columns?.() ?? mostColumns + 1) - 1);
  }

  /** What takes a line away; a terminal that became narrower shows it in several rows. */
  #erasure(): string {
    if (this.#shownColumns === 0 || !this.#columns) return "";
    const rows = Math.ceil(this.#shownColumns / Math.max(1, this.#columns()));
    return rows > 1 ? `\r\x1b[${rows - 1}A\x1b[J` : "\r\x1b[K";
  }
}
