import type { Pin, Store } from "../store/store.ts";
import { type DistinctChunks, findDistinct } from "./distinct-chunks.ts";
import { placeholder, shuffledOrder } from "./shuffle.ts";
import { isEmptyId, type SyncInfo } from "./sync-info.ts";
import { wishlistBytes } from "./wishlist.ts";

/**
 * What a receiver asks for, decided eight positions at a time, and the pins on all that it counts
 * on: a chunk is pinned from the moment it is found or stored until its last use in the list.
 *
 * @see docs/formats.md, wishlist
 */
export class WishPlan {
  /** The place in the list of the chunk at each position, or `placeholder`. */
  readonly order: Int32Array;
  /** The wishlist; bytes are valid once decided. */
  readonly wishes: Uint8Array;
  readonly #info: SyncInfo;
  readonly #store: Pick<Store, "pin">;
  readonly #signal: AbortSignal;
  readonly #distinct: DistinctChunks;
  /** By first place: 1 once a position of that chunk was decided. */
  readonly #seen: Uint8Array;
  /** By first place. */
  readonly #pins = new Map<number, Pin>();
  #decidedBytes = 0;
  #deciding: Promise<void> | undefined;
  #released = false;

  constructor(info: SyncInfo, store: Pick<Store, "pin">, signal: AbortSignal) {
    this.#info = info;
    this.#store = store;
    this.#signal = signal;
    this.#distinct = findDistinct(info.chunks);
    this.#seen = new Uint8Array(info.chunks.length);
    this.order = shuffledOrder(info.chunks.length, info.perm);
    this.wishes = new Uint8Array(wishlistBytes(this.order.length));
  }

  /** True when byte `index` of the wishlist is decided, and all before it. */
  isDecided(index: number): boolean {
    return index < this.#decidedBytes;
  }

  /**
   * Waits until byte `index` of the wishlist is decided, and all before it. May be called
   * concurrently.
   */
  async decide(index: number): Promise<void> {
    while (this.#decidedBytes <= index) {
      this.#deciding ??= this.#decideNext();
      await this.#deciding;
    }
  }

  /** True when a decided position asks for its chunk. */
  wants(position: number): boolean {
    return (this.wishes[position >> 3]! & (0x80 >> (position & 7))) !== 0;
  }

  /** The first place at which the chunk of entry `index` stands. */
  firstOf(index: number): number {
    return this.#distinct.firstOf[index]!;
  }

  /** Pins a chunk that was just stored. False when the store has let go of it already. */
  async hold(index: number): Promise<boolean> {
    const pin = await this.#store.pin(this.#info.chunks[index]!.id, { signal: this.#signal });
    if (pin !== undefined) this.#keep(index, pin);
    return pin !== undefined;
  }

  /** Notes that entry `index` was used. True when that was the last use of its chunk. */
  use(index: number): boolean {
    const first = this.firstOf(index);
    if (--this.#distinct.useCount[first]! > 0) return false;
    this.#pins.get(first)?.release();
    this.#pins.delete(first);
    return true;
  }

  /** Lets go of all chunks. */
  release(): void {
    this.#released = true;
    for (const pin of this.#pins.values()) pin.release();
    this.#pins.clear();
  }

  async #decideNext(): Promise<void> {
    try {
      const start = 8 * this.#decidedBytes;
      const asked: Promise<void>[] = [];
      for (let position = start; position < start + 8; position++) {
        const index = this.order[position] ?? placeholder;
        if (index !== placeholder && this.#isNew(index)) asked.push(this.#decidePosition(position, index));
      }
      await Promise.all(asked);
      this.#decidedBytes++;
    } finally {
      this.#deciding = undefined;
    }
  }

  #isNew(index: number): boolean {
    const first = this.firstOf(index);
    if (this.#seen[first] === 1) return false;
    this.#seen[first] = 1;
    return !isEmptyId(this.#info.chunks[index]!.id);
  }

  async #decidePosition(position: number, index: number): Promise<void> {
    if (!(await this.hold(index))) this.wishes[position >> 3]! |= 0x80 >> (position & 7);
  }

  #keep(index: number, pin: Pin): void {
    if (this.#released) pin.release();
    else this.#pins.set(this.firstOf(index), pin);
  }
}
