/** All that runs in this process may work this long before the event loop has its turn. */
const sliceMs = 4;

/** When the first work of this turn of the event loop began; undefined before any. */
let turnBegan: number | undefined;
/** Those who wait for a turn, in order of their coming. */
const waiting: (() => void)[] = [];

/**
 * Breaks up long synchronous work, so that streams and timers of the same process go on.
 *
 *     if (pause.due()) await pause.take();
 *
 * The slice is one for the whole process: a hundred sessions that are busy at once delay the event
 * loop no more than one does, and take turns with each other.
 */
export class Pause {
  readonly #signal: AbortSignal | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True once the slice is used up. Throws the signal's reason when it is aborted. */
  due(): boolean {
    this.#signal?.throwIfAborted();
    return performance.now() - beginTurn() >= sliceMs;
  }

  /**
   * Lets everything else run once, and those who waited before. Throws the signal's reason when it
   * was aborted meanwhile: what the work needs may be closed by then.
   */
  async take(): Promise<void> {
    beginTurn();
    await new Promise<void>((resolve) => waiting.push(resolve));
    this.#signal?.throwIfAborted();
  }
}

function beginTurn(): number {
  if (turnBegan === undefined) {
    turnBegan = performance.now();
    setImmediate(endTurn);
  }
  return turnBegan;
}

/** One goes on in each turn: whoever waits has seen this turn's slice used up. */
function endTurn(): void {
  turnBegan = undefined;
  const next = waiting.shift();
  if (waiting.length > 0) beginTurn();
  next?.();
}
