import type { ChunkId } from "../../../chunk/chunk.ts";
import { keyOf } from "../../../chunk/id-key.ts";
import { Queue } from "../../queue.ts";

/** A chunk that has to come, and the places where it has to go. */
export interface Expected<Place> {
  readonly id: ChunkId;
  /** The id as a key of maps. */
  readonly key: string;
  readonly size: number;
  /** The place that it was announced for. */
  readonly place: Place;
  /** Further places that wait for it; most chunks have none. */
  others: Place[] | undefined;
}

/**
 * The chunks that a receiver waits for, in the two orders in which they come: in answer to its
 * wishes, and pushed. A chunk that is on its way is not wished for again: its other places wait
 * with the first.
 */
export class ComingChunks<Place> {
  readonly #wished = new Queue<Expected<Place>>();
  readonly #pushed = new Queue<Expected<Place>>();
  readonly #byId = new Map<string, Expected<Place>>();

  /** Chunks that were wished for and have not come. */
  get wishedCount(): number {
    return this.#wished.size;
  }

  /** Lets a place wait for a chunk that is on its way; false when it is not. */
  join(id: ChunkId, size: number, place: Place): boolean {
    const coming = this.#byId.get(keyOf(id));
    if (coming === undefined || coming.size !== size) return false;
    (coming.others ??= []).push(place);
    return true;
  }

  /** Books a chunk as wished for or announced. The id must not change. */
  expect(lane: "wished" | "pushed", id: ChunkId, size: number, place: Place): void {
    const key = keyOf(id);
    const expected = { id, key, size, place, others: undefined };
    if (!this.#byId.has(key)) this.#byId.set(key, expected);
    (lane === "wished" ? this.#wished : this.#pushed).push(expected);
  }

  /**
   * The chunk that comes next on this way, or undefined when none is due. It is then no longer
   * waited for.
   */
  take(lane: "wished" | "pushed"): Expected<Place> | undefined {
    const expected = (lane === "wished" ? this.#wished : this.#pushed).shift();
    if (expected === undefined) return undefined;
    if (this.#byId.get(expected.key) === expected) this.#byId.delete(expected.key);
    return expected;
  }
}
