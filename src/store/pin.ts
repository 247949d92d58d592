import type { Pin } from "./store.ts";

/** A pin that calls `release` once, however often it is released. */
export function createPin(release: () => void): Pin {
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      release();
    },
  };
}

/** Counts the pins on each key. */
export class PinTable {
  readonly #counts = new Map<string, number>();

  /** True while at least one pin on the key is not released. */
  holds(key: string): boolean {
    return this.#counts.has(key);
  }

  /** One more pin on the key. */
  add(key: string): Pin {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return createPin(() => {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    });
  }
}
