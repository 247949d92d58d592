import type { Chunk } from "../../chunk/chunk.ts";
import type { Cutter } from "../../chunk/cutter.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { chunkOf } from "../../chunk/verify.ts";
import type { Bytes } from "../../types.ts";

/**
 * Cuts bytes that are in memory already. The chunks are copies. Finish one before the cutter's next
 * use.
 *
 * @param digest what names them; default SHA-256
 */
export function* cutBytes(bytes: Bytes, cutter: Cutter, digest?: ChunkDigest): Generator<Chunk> {
  const { buffer } = cutter;
  for (let at = 0; at < bytes.length;) {
    const block = bytes.subarray(at, at + buffer.length);
    buffer.set(block);
    let from = 0;
    for (const end of cutter.cut(block.length, at + block.length === bytes.length)) {
      yield chunkOf(buffer.slice(from, end), digest);
      from = end;
    }
    at += from;
  }
}
