import { IdMap } from "../bytes/id-map.ts";
import type { ChunkId } from "../chunk/chunk.ts";

/**
 * Chunks that need not be sent (again). It compares 116 bits of each id and takes 24 to 48 bytes
 * for one; when it is full it forgets nothing and learns nothing, so that memory stays bounded and
 * the worst that happens is a chunk that travels twice.
 */
export class ChunkMemory {
  readonly #map = new IdMap();
  readonly #limit: number;

  /**
   * An empty memory.
   *
   * @param limit ids it learns at most
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Ids it has learned. */
  get size(): number {
    return this.#map.size;
  }

  /** True for an id that was learned. */
  has(id: ChunkId): boolean {
    return this.#map.get(id) === tailOf(id);
  }

  /** Learns an id, unless it is full. */
  add(id: ChunkId): void {
    if (this.#map.size < this.#limit) this.#map.set(id, tailOf(id));
  }
}

/** Bits 64 to 116 of an id as one number: what the map itself does not compare. */
function tailOf(id: ChunkId): number {
  let value = 0;
  for (let i = 8; i < 14; i++) value = value * 256 + (id[i] ?? 0);
  return value * 16 + ((id[14] ?? 0) >> 4);
}
