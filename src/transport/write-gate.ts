import { SyncError } from "../errors.ts";

/** Where the one writer of a channel waits for room; shut for good by the end or by a failure. */
export class WriteGate {
  #ended = false;
  #broken: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Call before writing. @throws what broke the channel, or STATE behind the end */
  enter(): void {
    if (this.#ended) throw new SyncError("STATE", "write after end");
    this.check();
  }

  /** Throws what broke the channel, if anything did. */
  check(): void {
    if (this.#broken) throw this.#broken.error;
  }

  /** Waits until `open`. @throws what broke the channel meanwhile */
  async wait(): Promise<void> {
    if (!this.#broken) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.check();
  }

  /** Lets the writer that waits go on. */
  open(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /**
   * Nothing may be written from now on. True the first time. @throws what broke the channel before
   */
  end(): boolean {
    if (this.#ended) return false;
    this.check();
    this.#ended = true;
    return true;
  }

  /** Makes this and every later call of the writer throw. The first error stays. */
  break(error: unknown): void {
    this.#broken ??= { error };
    this.open();
  }
}
