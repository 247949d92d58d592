import { idBytes, type ChunkId } from "../../../chunk/chunk.ts";
import { equalBytes } from "../../../bytes/compare.ts";
import type { Cutter } from "../../../chunk/cutter.ts";
import { writeKey } from "../../../chunk/id-key.ts";
import type { Bytes } from "../../../types.ts";
import { chunkNamer, cutBlock } from "../calls/file-cut.node.ts";
import type { KnownChunks } from "./known-chunks.node.ts";
import type { Places } from "./places.node.ts";

/** What is needed to cut files of a destination as the sender cuts its own. */
export interface CutTools {
  readonly places: Places;
  readonly known: KnownChunks;
  readonly cutter: Cutter;
  readonly keyOf: ReturnType<typeof chunkNamer>;
}

const noEnds = new Uint32Array();
const noIds: Bytes = new Uint8Array();

/**
 * A file of the destination that is likely to hold some of what comes. It is cut step by step, as
 * far as there is a use for it, and every chunk found becomes known.
 *
 * Memory: the ids of one step.
 */
export class Reference {
  readonly place: number;
  readonly size: number;
  readonly #tools: CutTools;
  /**
   * The last step: where it starts in the file, the ends of its chunks counted from there, their
   * ids.
   */
  #start = 0;
  #ends = noEnds;
  #ids = noIds;
  /** The chunk of the last step that `holds` looks at next. */
  #next = 0;
  #position = 0;

  constructor(tools: CutTools, place: number, size: number) {
    this.#tools = tools;
    this.place = place;
    this.size = size;
  }

  /** True when all of it is cut, or the rest cannot be read. */
  get isDone(): boolean {
    return this.#position >= this.size;
  }

  /** Cuts the next 1 MiB, about. Returns the bytes cut. */
  cutMore(): number {
    const { places, known, cutter, keyOf } = this.#tools;
    this.#ends = this.#cut();
    this.#start = this.#position;
    this.#ids = new Uint8Array(this.#ends.length * idBytes);
    this.#next = 0;
    let from = 0;
    this.#ends.forEach((end, i) => {
      writeKey(keyOf(cutter.buffer.subarray(from, end)), this.#ids, i * idBytes);
      known.add(this.#ids.subarray(i * idBytes, (i + 1) * idBytes), this.place, this.#start + from);
      from = end;
    });
    if (from === 0) this.#position = this.size;
    else this.#position += from;
    if (this.isDone) places.release(this.place);
    return from;
  }

  /**
   * True when a chunk of this id starts here. Ask in ascending order of offsets; cuts on as far as
   * needed.
   */
  holds(offset: number, id: ChunkId, size: number): boolean {
    while (this.#position <= offset && !this.isDone) this.cutMore();
    for (; this.#next < this.#ends.length; this.#next++) {
      const start = this.#start + (this.#next === 0 ? 0 : this.#ends[this.#next - 1]!);
      if (start < offset) continue;
      const isHere = start === offset && this.#start + this.#ends[this.#next]! === offset + size;
      return isHere && equalBytes(this.#ids.subarray(this.#next * idBytes, (this.#next + 1) * idBytes), id);
    }
    return false;
  }

  #cut(): Uint32Array<ArrayBuffer> {
    const { places, cutter } = this.#tools;
    try {
      // Of what is no file any more nothing can be read at a position.
      const fd = places.handleOf(this.place);
      return new Uint32Array(cutBlock(fd, this.#position, this.size, cutter));
    } catch {
      // It only might have helped.
      return new Uint32Array();
    }
  }
}
