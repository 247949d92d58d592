import { abortableSource } from "../bytes/abort.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { Chunk } from "./chunk.ts";
import { createCutter } from "./create-cutter.ts";
import type { CutterSpec } from "./cutter.ts";

/** A block of chunks side by side. */
export interface CutBlock {
  /** All of its memory; the chunks are what it begins with. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Offsets one past each chunk. */
  readonly ends: Uint32Array;
}

/** A block whose chunks have their names. */
export interface NamedBlock extends CutBlock {
  /** 32 bytes a chunk, in a row. */
  readonly ids: Bytes;
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
  { signal, isBusy = () => false }: CutBlocksOptions = {},
): AsyncGenerator<Chunk, void, undefined> {
  const free: Uint8Array<ArrayBuffer>[] = [];
  const underWay: Promise<NamedBlock>[] = [];
  async function* first(): AsyncGenerator<Chunk, void, undefined> {
    const block = await underWay.shift()!;
    yield* chunksOf(block);
    free.push(block.memory);
  }
  try {
    for await (const block of blocksOf(source, spec, free, signal)) {
      const naming = namer.name(block, isBusy());
      naming.catch(() => {}); // whoever waits for it is told
      underWay.push(naming);
      if (underWay.length > namer.aheadCount) yield* first();
    }
    while (underWay.length > 0) yield* first();
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** @param free memory to use again */
async function* blocksOf(
  source: AsyncIterable<Bytes>,
  spec: CutterSpec,
  free: Uint8Array<ArrayBuffer>[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CutBlock, void, undefined> {
  const cutter = createCutter(spec);
  const { buffer } = cutter;
  let filled = 0;
  const take = (final: boolean): CutBlock => {
    const ends = cutter.cut(filled, final).slice();
    const taken = ends.at(-1) ?? 0;
    const memory = free.pop() ?? new Uint8Array(buffer.length);
    memory.set(buffer.subarray(0, taken));
    buffer.copyWithin(0, taken, filled);
    filled -= taken;
    return { memory, ends };
  };
  for await (const bytes of abortableSource(source, signal)) {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === buffer.length) yield take(false);
    }
  }
  if (filled > 0) yield take(true);
}

function* chunksOf({ memory, ends, ids }: NamedBlock): Generator<Chunk, void, undefined> {
  for (let i = 0, start = 0; i < ends.length; start = ends[i++]!) {
    yield { id: ids.subarray(32 * i, 32 * (i + 1)), bytes: memory.subarray(start, ends[i]) } as Chunk;
  }
}
