import type { ChunkId, ChunkInfo } from "../chunk/chunk.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { isList } from "./cafs-objects.ts";
import type { CafsObject, CafsObjects } from "./cafs-objects.ts";

/** One chunk of a file in a CAFS storage. */
export interface CafsChunk extends ChunkInfo {
  /** A handle of its own for the chunk. */
  file(): CafsFile;
}

/**
 * A handle that holds a file in a CAFS storage until it is disposed. Not for use by two at a time.
 */
export interface CafsFile {
  /** SHA-256 of the whole content. */
  readonly key: ChunkId;
  /** Bytes. */
  readonly size: number;
  /** True when the file consists of several chunks, false when it is stored in one piece. */
  readonly isChunked: boolean;
  /** 1 for a file that is not chunked. */
  readonly chunkCount: number;
  /**
   * The chunks in file order; a file that is not chunked is its own chunk. It stays held until the
   * end.
   */
  chunks(): IterableIterator<CafsChunk>;
  /**
   * The content from its start, block by block; do not write to the blocks. It stays held until the
   * end.
   */
  read(): IterableIterator<Bytes>;
  /** A second handle, independent of this one. */
  duplicate(): CafsFile;
  /**
   * Gives the file back; harmless the second time. After it all but `key` and `size` throw STATE.
   */
  dispose(): void;
}

/** Opens a handle that holds the object. */
export function openCafsFile(objects: CafsObjects, object: CafsObject): CafsFile {
  objects.acquire(object);
  let held = true;

  function content(): CafsObject["content"] {
    if (!held) throw new SyncError("STATE", "Already disposed");
    return object.content;
  }

  function parts(): readonly CafsObject[] {
    const list = content();
    return isList(list) ? list : [object];
  }

  return {
    key: object.id,
    size: object.size,
    get isChunked() {
      return isList(content());
    },
    get chunkCount() {
      return parts().length;
    },
    chunks: () => holding(objects, object, chunksOf(objects, parts())),
    read: () => holding(objects, object, blocksOf(parts())),
    duplicate() {
      content();
      return openCafsFile(objects, object);
    },
    dispose() {
      if (!held) return;
      held = false;
      objects.release(object);
    },
  };
}

function* chunksOf(objects: CafsObjects, parts: readonly CafsObject[]): Generator<CafsChunk> {
  for (const part of parts) {
    yield { id: part.id, size: part.size, file: () => openCafsFile(objects, part) };
  }
}

function* blocksOf(parts: readonly CafsObject[]): Generator<Bytes> {
  for (const { content } of parts) {
    if (isList(content)) yield* blocksOf(content);
    else yield content;
  }
}

/** Holds the object from now until the items end or the caller returns. */
function holding<Item>(
  objects: CafsObjects,
  object: CafsObject,
  items: Iterator<Item>,
): IterableIterator<Item> {
  objects.acquire(object);
  let held = true;

  function finish(): IteratorReturnResult<undefined> {
    if (held) objects.release(object);
    held = false;
    return { done: true, value: undefined };
  }

  return {
    next() {
      const item = held ? items.next() : undefined;
      return item && !item.done ? item : finish();
    },
    return: finish,
    [Symbol.iterator]() {
      return this;
    },
  };
}
