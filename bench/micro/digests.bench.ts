import { createHash, randomFillSync } from "node:crypto";
import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import { sha256 } from "../../src/chunk/digest.ts";
import { blake3Digest, fastestDigest } from "../../src/chunk/blake3.node.ts";
import { macDigest } from "../../src/chunk/mac-digest.ts";
import { macKeyBytes } from "../../src/chunk/mac-subkeys.ts";
import { compare, type BenchRow } from "../row.ts";

/**
 * SHA-256 of one chunk, beside the code that browsers run and beside Node's older call; MACs and
 * BLAKE3 of chunks beside SHA-256.
 */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const mac = macDigest(randomFillSync(new Uint8Array(macKeyBytes)));
  for (const bytes of [64, 4096, 8192, 16384, 65536].map((size) => randomFillSync(new Uint8Array(size)))) {
    const contest = {
      name: `sha256, ${bytes.length} bytes`,
      unit: "GB/s",
      perRun: bytes.length / 1e9,
      fast: () => sha256(bytes),
    };
    rows.push(await compare({ ...contest, peer: "portable", naive: () => portableSha256(bytes) }));
    const naive = (): Uint8Array => createHash("sha256").update(bytes).digest();
    rows.push(await compare({ ...contest, peer: "createHash", naive }));
    const named = { name: `mac, ${bytes.length} bytes`, fast: () => mac.keyOf(bytes) };
    rows.push(await compare({ ...contest, ...named, peer: "sha256", naive: () => sha256(bytes) }));
    if (fastestDigest() !== blake3Digest) continue;
    const blake3 = { name: `blake3, ${bytes.length} bytes`, fast: () => blake3Digest.keyOf(bytes) };
    rows.push(await compare({ ...contest, ...blake3, peer: "sha256", naive: () => sha256(bytes) }));
  }
  return rows;
}
