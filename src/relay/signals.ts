import { abortable } from "../bytes/abort.ts";

/**
 * Wakes whoever waits for a change of something; nobody ever looks again by the clock, or for what
 * others wait for.
 */
export class Signals<Topic> {
  readonly #listeners = new Map<Topic, Set<() => void>>();

  /** It changed. */
  tell(topic: Topic): void {
    const listeners = this.#listeners.get(topic);
    if (!listeners) return;
    this.#listeners.delete(topic);
    for (const wake of listeners) wake();
  }

  /** Everything may have changed. */
  tellAll(): void {
    for (const topic of [...this.#listeners.keys()]) this.tell(topic);
  }

  /** Calls back at the next change, and once only. Returns what calls it off. */
  listen(topic: Topic, wake: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(wake));
    return () => {
      listeners.delete(wake);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  /** Resolves at the next change. @throws the signal's reason */
  async wait(topic: Topic, signal: AbortSignal | undefined): Promise<void> {
    let callOff: (() => void) | undefined;
    const change = new Promise<void>((resolve) => (callOff = this.listen(topic, resolve)));
    try {
      await abortable(change, signal);
    } finally {
      callOff!();
    }
  }
}
