import { isDenial } from "./requests.ts";

/** Requests that are under way at a time. */
export const requestWindowLimits = Object.freeze({ firstRequestCount: 32, maxRequestCount: 192 });

/** More requests are worth it when they make answers come this much faster. */
const gain = 1.2;
/** Answers that come so much more slowly than before come over another line. */
const loss = 0.6;

/**
 * Says how many requests are under way at a time: twice as many, as long as answers come the faster
 * for it. A line on which each takes its time is filled, one that is full is not overrun.
 */
export class RequestWindow {
  readonly #isFixed: boolean;
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  /** What ends the requests that wait or are under way. */
  readonly #running = new Set<AbortController>();
  #limit: number;
  #count = 0;
  /** Since when answers are counted, and how many there were. */
  #roundBegan = 0;
  #answerCount = 0;
  /** Answers in a millisecond, at best. */
  #bestRate = 0;

  /**
   * @param count of requests, when it is to stay the same
   * @param now a clock in milliseconds
   */
  constructor(count?: number, now: () => number = () => performance.now()) {
    this.#isFixed = count !== undefined;
    this.#limit = count ?? requestWindowLimits.firstRequestCount;
    this.#now = now;
  }

  /** Requests that may be under way. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * Makes a request when one more may be made. When a server refuses who asks, all that wait or are
   * under way end with that: it would answer them the same, or have them wait for it.
   *
   * @param request ends at its signal
   * @throws what it throws; the signal's reason
   */
  async run<Result>(
    request: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const controller = new AbortController();
    const end = (): void => controller.abort(signal?.reason);
    if (signal?.aborted === true) end();
    signal?.addEventListener("abort", end, { once: true });
    this.#running.add(controller);
    try {
      await this.enter(controller.signal);
      return await request(controller.signal).finally(() => this.leave());
    } catch (thrown) {
      if (isDenial(thrown)) for (const each of this.#running) each.abort(thrown);
      throw thrown;
    } finally {
      this.#running.delete(controller);
      signal?.removeEventListener("abort", end);
    }
  }

  /** Waits until one more request may be made; `leave` follows it. @throws the signal's reason */
  async enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#count === 0) this.#beginRound();
    if (this.#count < this.#limit) return void this.#count++;
    // Those under way end at an abort, too, and leave: nobody waits on for long.
    await new Promise<void>((begin) => this.#waiting.push(begin));
    if (signal?.aborted !== true) return;
    this.leave();
    throw signal.reason;
  }

  /** Says that a request is over. */
  leave(): void {
    this.#count--;
    if (!this.#isFixed && ++this.#answerCount >= this.#limit) this.#endRound();
    for (; this.#count < this.#limit && this.#waiting.length > 0; this.#count++) this.#waiting.shift()!();
  }

  #beginRound(): void {
    this.#roundBegan = this.#now();
    this.#answerCount = 0;
  }

  #endRound(): void {
    const rate = this.#answerCount / Math.max(this.#now() - this.#roundBegan, 0.001);
    // Fewer were wanted than may be: that says nothing.
    const isFull = this.#waiting.length > 0;
    if (isFull && rate > this.#bestRate * gain) {
      this.#bestRate = rate;
      this.#limit = Math.min(this.#limit * 2, requestWindowLimits.maxRequestCount);
    } else if (rate < this.#bestRate * loss) this.#bestRate = rate;
    this.#beginRound();
  }
}
