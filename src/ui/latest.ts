/**
 * Tells the latest of what changes often: at once after a pause, otherwise once in each interval.
 * The last one is told, too, when nothing comes after it: where it stands still, that is shown.
 */
export class Latest<Value> {
  readonly #tell: (value: Value) => void;
  readonly #intervalMs: number;
  #untold: { readonly value: Value } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(intervalMs: number, tell: (value: Value) => void) {
    this.#intervalMs = intervalMs;
    this.#tell = tell;
  }

  set(value: Value): void {
    this.#untold = { value };
    if (this.#timer === undefined) this.#tellUntold();
  }

  /** Tells what was not told yet, before something else is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#untold) this.#tell(this.#untold.value);
    this.#untold = undefined;
  }

  #tellUntold(): void {
    const isNew = this.#untold !== undefined;
    this.flush();
    if (isNew) this.#timer = setTimeout(() => this.#tellUntold(), this.#intervalMs);
  }
}
