import { createHash, randomFillSync } from "node:crypto";
import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import { sha256 } from "../../src/chunk/digest.ts";
import { compare, type BenchRow } from "../row.ts";

/** SHA-256 of one chunk, beside the code that browsers run and beside Node's older call. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const bytes of [64, 8192, 65536].map((size) => randomFillSync(new Uint8Array(size)))) {
    const contest = {
      name: `sha256, ${bytes.length} bytes`,
      unit: "GB/s",
      perRun: bytes.length / 1e9,
      fast: () => sha256(bytes),
    };
    rows.push(await compare({ ...contest, peer: "portable", naive: () => portableSha256(bytes) }));
    const naive = (): Uint8Array => createHash("sha256").update(bytes).digest();
    rows.push(await compare({ ...contest, peer: "createHash", naive }));
  }
  return rows;
}
