/**
 * Wakes the one who waits, who otherwise goes on after a while. It remembers nothing: look whether
 * there is anything to wait for, and then wait, without a pause between.
 */
export class TimedBell {
  #wake: (() => void) | undefined;

  /** Wakes whoever waits. */
  ring(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves when it rings, or after so many milliseconds. Whoever waited already goes on now. */
  async wait(limitMs: number): Promise<void> {
    this.ring();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(() => this.ring(), limitMs);
    });
    clearTimeout(timer);
  }
}
