import { BlockPool } from "../../../bytes/block-pool.ts";
import type { OldVersions } from "../../../tree/target.ts";
import type { Bytes } from "../../../types.ts";

/**
 * Reads old versions; those that were read whole a moment ago are kept in memory, within a bound,
 * so that they are not opened and read once more.
 */
export class KeptVersions {
  readonly #old: Pick<OldVersions, "read">;
  readonly #maxBytes: number;
  readonly #pool = new BlockPool();
  readonly #kept = new Map<number, Bytes>();
  #bytes = 0;

  /** @param maxBytes of all that is kept */
  constructor(old: Pick<OldVersions, "read">, maxBytes: number) {
    this.#old = old;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a copy of all that an old version holds, where there is room for it. */
  keep(entry: number, content: Bytes): void {
    this.drop(entry);
    if (this.#bytes + content.length > this.#maxBytes) return;
    const kept = this.#pool.take(content.length);
    kept.set(content);
    this.#kept.set(entry, kept);
    this.#bytes += content.length;
  }

  /** Reads a part of an old version into the start of `into`. Returns how many bytes there were. */
  read(entry: number, offset: number, into: Bytes): Promise<number> | number {
    const kept = this.#kept.get(entry);
    if (kept === undefined) return this.#old.read(entry, offset, into);
    const part = kept.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  /** Forgets what is kept of an old version. */
  drop(entry: number): void {
    const kept = this.#kept.get(entry);
    if (kept === undefined) return;
    this.#kept.delete(entry);
    this.#bytes -= kept.length;
    this.#pool.give(kept);
  }
}
