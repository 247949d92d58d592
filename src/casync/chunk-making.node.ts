import { blake3Digest } from "../chunk/blake3.node.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import type { Chunking } from "../tree/order/order.ts";

/** How chunks are cut and named, where that was asked for. */
export interface ChunkMaking {
  readonly cutter?: CutterSpec;
  readonly digest?: ChunkDigest;
}

/** What a way to make chunks stands for. */
export async function chunkMakingOf(chunking: Chunking | undefined): Promise<ChunkMaking> {
  if (chunking === undefined) return {};
  if (chunking === "casync") return (await import("./stored-target.ts")).casyncChunks;
  return { digest: chunking === "blake3" ? blake3Digest : sha256Digest };
}
