import type { Bytes } from "../types.ts";

/** Something that was announced, and has its content as long as there is room to keep that. */
export interface ContentHolder {
  bytes: Bytes | undefined;
}

/**
 * Content that is kept in memory, up to a bound: that of the newest, as what was announced long ago
 * is asked for or not by then.
 */
export class KeptContent<Holder extends ContentHolder> {
  readonly #maxBytes: number;
  readonly #onDrop: (bytes: Bytes) => void;
  /** The oldest first. */
  readonly #holders = new Set<Holder>();
  #bytes = 0;

  /** @param onDrop is given content that nobody holds any more */
  constructor(maxBytes: number, onDrop: (bytes: Bytes) => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onDrop = onDrop;
  }

  /** Bytes of all that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps the content of one more, and gives up that of the oldest for it. */
  add(holder: Holder): void {
    if (holder.bytes === undefined) return;
    this.#holders.add(holder);
    this.#bytes += holder.bytes.length;
    for (const oldest of this.#holders) {
      if (this.#bytes <= this.#maxBytes) return;
      this.drop(oldest);
    }
  }

  /** Gives up the content of one, if that is kept. */
  drop(holder: Holder): void {
    const { bytes } = holder;
    if (bytes === undefined || !this.#holders.delete(holder)) return;
    holder.bytes = undefined;
    this.#bytes -= bytes.length;
    this.#onDrop(bytes);
  }
}
