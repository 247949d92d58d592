import type { Bytes } from "../types.ts";
import { IdTable } from "./id-table.ts";

/**
 * A map from chunk ids to numbers, kept small: 16 bytes a slot, one and a half to three slots an
 * id.
 *
 * It looks at the first 8 bytes of an id only. What it finds is a candidate: compare the full id
 * before use.
 */
export class IdMap {
  readonly #table = new IdTable({ hasNumbers: true });

  /** Ids in the map. */
  get size(): number {
    return this.#table.size;
  }

  /** The number stored for an id that begins like this one. */
  get(id: Bytes): number | undefined {
    return this.#table.numberOf(id);
  }

  /**
   * Stores a number for an id, in place of the one before.
   *
   * @param value 0 to 2^53 - 1
   */
  set(id: Bytes, value: number): void {
    this.#table.put(id, value);
  }

  /** Forgets an id; one that is not there does nothing. */
  delete(id: Bytes): void {
    this.#table.delete(id);
  }
}
