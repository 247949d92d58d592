import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ReadOptions } from "./channel.ts";

/** How an inbox is bounded and whom it tells. */
interface InboxOptions {
  /** Bytes waiting at which `push` answers false. */
  readonly fullBytes: number;
  /** Called when a full inbox has emptied to half: let the source go on. */
  readonly onRoom?: () => void;
  /**
   * Called with a block that the reader is done with; for a reader that is done when it asks for
   * the next.
   */
  readonly onDone?: (block: Bytes) => void;
  /** Called with the size of each block as it is taken out. */
  readonly onTaken?: (bytes: number) => void;
  /** Called when the reader leaves before the end. */
  readonly onLeave?: (reason: SyncError) => void;
}

/**
 * Blocks that arrive by events and leave by `for await`, for the transports whose source pushes.
 * The source decides what to do when it is full; the inbox itself refuses nothing.
 */
export class Inbox {
  readonly #options: InboxOptions;
  #blocks: Bytes[] = [];
  #waitingBytes = 0;
  #full = false;
  #closed: { readonly error?: unknown } | undefined;
  #aborted = false;
  #wake: (() => void) | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Bytes that arrived and were not read yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Adds a block; false asks the source to pause until `onRoom`. Blocks behind the end are dropped.
   */
  push(bytes: Bytes): boolean {
    if (this.#closed || bytes.length === 0) return true;
    this.#blocks.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#full ||= this.#waitingBytes >= this.#options.fullBytes;
    this.#wake?.();
    return !this.#full;
  }

  /** Nothing more will come: the reader gets what waits, then the end. */
  end(): void {
    this.#closed ??= {};
    this.#wake?.();
  }

  /** The source broke: the reader gets what waits, then the error. */
  fail(error: unknown): void {
    this.#closed ??= { error };
    this.#wake?.();
  }

  /**
   * We broke it: what waits is dropped and the reader gets the reason at once, also behind an end.
   */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#blocks = [];
    this.#closed = { error: reason };
    this.#wake?.();
  }

  /** The blocks in order. Call it once. */
  async *read(options: ReadOptions = {}): AsyncGenerator<Bytes> {
    let left = true;
    try {
      for (;;) {
        const blocks = this.#blocks;
        this.#blocks = [];
        for (const block of blocks) {
          if (this.#aborted) break;
          this.#take(block.length);
          yield block;
          if (options.transient === true) this.#options.onDone?.(block);
        }
        if (this.#blocks.length > 0) continue;
        if (this.#closed) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
      left = false;
      if ("error" in this.#closed) throw this.#closed.error;
    } finally {
      if (left) this.#options.onLeave?.(new SyncError("ABORTED", "the reader stopped early"));
    }
  }

  #take(bytes: number): void {
    this.#waitingBytes -= bytes;
    this.#options.onTaken?.(bytes);
    if (!this.#full || this.#waitingBytes > this.#options.fullBytes / 2) return;
    this.#full = false;
    this.#options.onRoom?.();
  }
}
