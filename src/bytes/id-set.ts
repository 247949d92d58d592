import type { Bytes } from "../types.ts";
import { IdTable } from "./id-table.ts";

/**
 * A set of chunk ids, kept small: 8 bytes a slot, one and a half to three slots an id.
 *
 * It looks at the first 8 bytes of an id only: one that begins like another is taken for it.
 */
export class IdSet {
  readonly #table = new IdTable({ hasNumbers: false });

  /** Ids in the set. */
  get size(): number {
    return this.#table.size;
  }

  /** True when an id is there that begins like this one. */
  has(id: Bytes): boolean {
    return this.#table.has(id);
  }

  /** Adds an id; false when it was there. */
  add(id: Bytes): boolean {
    return this.#table.put(id);
  }

  /** Forgets all ids. The room stays, for as many others. */
  clear(): void {
    this.#table.clear();
  }
}
