/** Work goes on this long before other things get their turn. */
const sliceMs = 1;

/**
 * Breaks up long synchronous work, so that streams and timers of the same process go on.
 *
 *     if (pause.due()) await pause.take();
 */
export class Pause {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True once the slice is used up. Throws the signal's reason when it is aborted. */
  due(): boolean {
    this.#signal?.throwIfAborted();
    return performance.now() - this.#since >= sliceMs;
  }

  /** Lets everything else run once. */
  async take(): Promise<void> {
    await new Promise(setImmediate);
    this.#since = performance.now();
  }
}
