import { fastcdcSpec } from "../chunk/cutter-specs.ts";
import type { CutterSpec } from "../chunk/cutter.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { macDigest } from "../chunk/mac-digest.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** How a session cuts chunks, and what their ids are. */
export interface ChunkMaking {
  readonly cutter: CutterSpec;
  readonly digest: ChunkDigest;
}

/**
 * Where nothing is found by them, chunks serve to verify content and to send what occurs twice
 * once; small ones would find no more that is at the receiver, and cost more. So the rule also
 * skips twice as much of each as usual: 2 % less time of `npm run bench -- first-file` for 0.03 %
 * more bytes.
 */
export const coarseCutter: CutterSpec = Object.freeze({ ...fastcdcSpec(32_768), minBytes: 16_384 });

/**
 * How chunks are made by what was agreed on.
 *
 * @param agreed with the key of the MACs that ids are, where they are
 * @param digests those that are known here
 * @throws UNSUPPORTED for another digest
 */
export function chunkMakingOf(
  agreed: { readonly cutter: CutterSpec; readonly digest: string; readonly chunksKey?: Bytes | undefined },
  digests: readonly ChunkDigest[] = [sha256Digest],
): ChunkMaking {
  const { cutter, digest: name, chunksKey } = agreed;
  if (chunksKey) return { cutter, digest: macDigest(chunksKey) };
  const digest = digests.find((one) => one.name === name);
  if (digest === undefined) throw new SyncError("UNSUPPORTED", `digest ${name} is not known here`);
  return { cutter, digest };
}
