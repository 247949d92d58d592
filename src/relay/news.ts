import { abortable } from "../bytes/abort.ts";

/** Wakes whoever waits for something to have changed; nobody ever looks again by the clock. */
export class News {
  #waiting: (() => void)[] = [];

  /** Readers that wait now. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Something changed. */
  tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves at the next change. @throws the signal's reason */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    let wake: (() => void) | undefined;
    const change = new Promise<void>((resolve) => (wake = resolve));
    this.#waiting.push(wake!);
    try {
      await abortable(change, signal);
    } finally {
      const at = this.#waiting.indexOf(wake!);
      if (at >= 0) this.#waiting.splice(at, 1);
    }
  }
}
