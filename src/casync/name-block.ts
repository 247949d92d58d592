import type { CutBlock, NamedBlock } from "../chunk/cut-blocks.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { idOfKey } from "../chunk/id-key.ts";

/** Names the chunks of a block. */
export function nameBlock(block: CutBlock, { keyOf }: ChunkDigest): NamedBlock {
  const { ends, memory } = block;
  const ids = new Uint8Array(32 * ends.length);
  for (let i = 0, start = 0; i < ends.length; start = ends[i++]!)
    ids.set(idOfKey(keyOf(memory.subarray(start, ends[i]))), 32 * i);
  return { ...block, ids };
}
