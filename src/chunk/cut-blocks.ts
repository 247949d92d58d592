import type { AbortOptions, Bytes } from "../types.ts";
import { type Chunk, idBytes } from "./chunk.ts";
import { type CutPart, cutStream } from "./cut-stream.ts";
import type { CutterSpec } from "./cutter.ts";
import type { ChunkDigest } from "./digest.ts";
import { idOfKey } from "./id-key.ts";

/** A block of chunks side by side. */
export interface CutBlock {
  /** All of its memory; the chunks are what it begins with. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Offsets one past each chunk. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** A block whose chunks have their names. */
export interface NamedBlock extends CutBlock {
  /** 32 bytes a chunk, in a row. */
  readonly ids: Uint8Array<ArrayBuffer>;
}

/** Names the chunks of blocks, several at a time. */
export interface BlockNamer {
  /** How many blocks are worth giving it before the first has come back. */
  readonly aheadCount: number;
  /**
   * The block is the namer's until it comes back.
   *
   * @param isBusy true while other work on the chunks needs the processors as well
   */
  name(block: CutBlock, isBusy: boolean): Promise<NamedBlock>;
}

interface CutBlocksOptions extends AbortOptions {
  /** Tells whether other work on the chunks needs the processors now; never unless given. */
  readonly isBusy?: () => boolean;
}

/**
 * Cuts a stream into chunks, in order, which are named meanwhile. They are lent: their bytes change
 * when the next one is asked for.
 *
 * Holds some MiB for each block under way, of which there are one more than `aheadCount` says.
 *
 * @throws UNSUPPORTED for a spec that this version cannot cut by
 */
export async function* cutBlocks(
  source: AsyncIterable<Bytes>,
  spec: CutterSpec,
  namer: BlockNamer,
  options: CutBlocksOptions = {},
): AsyncGenerator<Chunk, void, undefined> {
  const { isBusy = () => false } = options;
  const free: Uint8Array<ArrayBuffer>[] = [];
  const underWay: Promise<NamedBlock>[] = [];
  async function* first(): AsyncGenerator<Chunk, void, undefined> {
    const block = await underWay.shift()!;
    yield* chunksOf(block);
    free.push(block.memory);
  }
  try {
    for await (const part of cutStream(source, spec, options)) {
      const naming = namer.name(blockOf(part, free), isBusy());
      naming.catch(() => {}); // whoever waits for it is told
      underWay.push(naming);
      if (underWay.length > namer.aheadCount) yield* first();
    }
    while (underWay.length > 0) yield* first();
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** The same in memory that is not the cutter's. @param free memory to use again */
function blockOf({ buffer, ends }: CutPart, free: Uint8Array<ArrayBuffer>[]): CutBlock {
  const memory = free.pop() ?? new Uint8Array(buffer.length);
  memory.set(buffer.subarray(0, ends.at(-1) ?? 0));
  return { memory, ends: ends.slice() };
}

/** Names the chunks of a block, at once. */
export function nameBlock(block: CutBlock, { keyOf }: ChunkDigest): NamedBlock {
  const { ends, memory } = block;
  const ids = new Uint8Array(idBytes * ends.length);
  for (let i = 0, start = 0; i < ends.length; start = ends[i++]!)
    ids.set(idOfKey(keyOf(memory.subarray(start, ends[i]))), idBytes * i);
  return { ...block, ids };
}

function* chunksOf({ memory, ends, ids }: NamedBlock): Generator<Chunk, void, undefined> {
  for (let i = 0, start = 0; i < ends.length; start = ends[i++]!) {
    yield {
      id: ids.subarray(idBytes * i, idBytes * (i + 1)),
      bytes: memory.subarray(start, ends[i]),
    } as Chunk;
  }
}
