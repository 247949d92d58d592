import { idBytes } from "../../../chunk/chunk.ts";
import type { ChunkId } from "../../../chunk/chunk.ts";
import type { Bytes } from "../../../types.ts";
import { ChunkMemory } from "../../chunk-memory.ts";
import { sessionLimits } from "../../limits.ts";

/** What of a run has to be pushed. */
interface Selection {
  /** For each chunk, whether it is. */
  readonly pushed: boolean[];
  /**
   * The content of those that are, in order, none longer than a frame aims at unless it is one
   * chunk.
   */
  readonly pieces: Bytes[];
  /** The content of those that are not. */
  readonly rest: Bytes[];
}

/**
 * Says which chunks need not be pushed, since the receiver has them or got them before in this
 * session.
 */
export class SentChunks {
  readonly #have: (id: ChunkId) => boolean;
  #sent = new ChunkMemory(sessionLimits.rememberedChunkCount);

  constructor(have: (id: ChunkId) => boolean) {
    this.#have = have;
  }

  /** From here on nothing counts as sent before. */
  forget(): void {
    this.#sent = new ChunkMemory(sessionLimits.rememberedChunkCount);
  }

  select(run: { readonly sizes: readonly number[]; readonly ids: Bytes; readonly bytes: Bytes }): Selection {
    if (run.sizes.length === 1) return this.#selectOne(run);
    const pushed = new Array<boolean>(run.sizes.length);
    const pieces: Bytes[] = [];
    const rest: Bytes[] = [];
    let from = 0;
    let to = 0;
    for (let i = 0; i < run.sizes.length; i++) {
      const size = run.sizes[i]!;
      const known = this.#know(run.ids.subarray(i * idBytes, (i + 1) * idBytes));
      pushed[i] = !known;
      if (known || to + size - from > sessionLimits.dataFrameBytes) {
        pieces.push(run.bytes.subarray(from, to));
        from = to;
      }
      to += size;
      if (!known) continue;
      rest.push(run.bytes.subarray(from, to));
      from = to;
    }
    pieces.push(run.bytes.subarray(from, to));
    return { pushed, pieces, rest };
  }

  /** As most runs of small files are. */
  #selectOne({ ids, bytes }: { readonly ids: Bytes; readonly bytes: Bytes }): Selection {
    const known = this.#know(ids);
    return { pushed: [!known], pieces: known ? [] : [bytes], rest: known ? [bytes] : [] };
  }

  #know(id: ChunkId): boolean {
    if (this.#sent.has(id) || this.#have(id)) return true;
    this.#sent.add(id);
    return false;
  }
}
