import { toHex } from "../bytes/hex.ts";
import type { ChunkInfo } from "../chunk/chunk.ts";
import { createSha256 } from "../chunk/digest.ts";

/**
 * Names the content that a list of chunks stands for: the same for as long as the content is,
 * whoever sends it.
 */
export function contentVersion(chunks: readonly ChunkInfo[]): string {
  const hash = createSha256();
  for (const { id } of chunks) hash.update(id);
  return toHex(hash.digest()).slice(0, 32);
}
