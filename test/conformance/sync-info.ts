import { concatBytes } from "../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import type { ChunkInfo } from "../../src/chunk/chunk.ts";
import { isSyncError } from "../../src/errors.ts";
import { shuffledOrder } from "../../src/remotesync/shuffle.ts";
import { decodeSyncInfo, encodeSyncInfo } from "../../src/remotesync/sync-info-json.ts";
import { decodeLegacyChunks, encodeLegacyChunks } from "../../src/remotesync/sync-info-legacy.ts";
import { shuffleSyncInfo, type SyncInfo, syncInfoOf } from "../../src/remotesync/sync-info.ts";
import {
  type Case,
  codeOf,
  hashHex,
  input,
  Mismatch,
  same,
  sameBytes,
  sameIfGiven,
  streamOf,
  textBytes,
} from "./check.ts";

/** Vector files may go further than what a peer may by default. */
export const roomy = { maxPermutationCount: 2 ** 20, maxChunkCount: 2 ** 24 };

export function chunksOf(list: readonly { key: string; size: number }[]): ChunkInfo[] {
  return list.map(({ key, size }) => ({ id: fromHex(key), size }));
}

function listOf(chunks: readonly ChunkInfo[]): { key: string; size: number }[] {
  return chunks.map(({ id, size }) => ({ key: toHex(id), size }));
}

/** Members in one order, so that they can be compared as JSON. */
function ordered(list: readonly { key: string; size: number }[]): { key: string; size: number }[] {
  return list.map(({ key, size }) => ({ key, size }));
}

/** syncinfo.json. */
export async function runSyncInfo(vector: Case): Promise<void> {
  if (vector.type === "encode") return runEncode(vector);
  if (vector.type === "decode-json") return runDecode(vector);
  if (vector.type === "decode-legacy") return runDecodeLegacy(vector);
  throw new Mismatch(`unknown type ${vector.type}`);
}

async function runEncode(vector: Case): Promise<void> {
  const info = await syncInfoOf(streamOf(input(vector.input)), vector.perm);
  sameIfGiven(vector, "chunkCount", info.chunks.length);
  const json = encodeSyncInfo(info);
  sameIfGiven(vector, "json", json);
  sameBytes({ jsonLength: vector.jsonLength, jsonSha256: vector.jsonSha256 }, "json", textBytes(json));
  sameBytes(vector, "legacy", encodeLegacyChunks(info.chunks));
  const again = decodeSyncInfo(`${json}\n`, { ...roomy, lenient: false });
  same("decoded again", [listOf(info.chunks), info.perm], [listOf(again.chunks), again.perm]);
}

function runDecode(vector: Case): void {
  const info = decoded(vector.text);
  switch (vector.result) {
    case "ok":
      if (vector.valid === false)
        return same("an unusable SyncInfo", "refused", info ? "accepted" : "refused");
      if (info === undefined && isMalformed(vector)) return;
      return same("value", [ordered(vector.chunks), vector.perm], info && [listOf(info.chunks), info.perm]);
    case "error":
    case "panic":
      return same("a bad text", "refused", info ? "accepted" : "refused");
    default:
      throw new Mismatch(`unknown result ${vector.result}`);
  }
}

function decoded(text: string): SyncInfo | undefined {
  try {
    return decodeSyncInfo(text, roomy);
  } catch (thrown) {
    if (isSyncError(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * The reference pads short and absent keys with zeros and reads null as the number 0. The
 * specification demands 64 digits and numbers instead. A key that was padded does not stand in the
 * text.
 */
function isMalformed({ text, chunks }: Case): boolean {
  const digits = text.toLowerCase();
  const isPadded = chunks.some(({ key }: { key: string }) => !digits.includes(key));
  const hasNullNumber = /"perm"\s*:\s*\[[^\]]*null/u.test(digits);
  const claimsEmpty = chunks.some(
    ({ key, size }: { key: string; size: number }) => key === emptyKey && size !== 0,
  );
  return isPadded || hasNullNumber || claimsEmpty;
}

const emptyKey = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

async function runDecodeLegacy(vector: Case): Promise<void> {
  const read: ChunkInfo[] = [];
  const code = await codeOf(async () => {
    for await (const chunk of decodeLegacyChunks(streamOf(fromHex(vector.hex)))) read.push(chunk);
  });
  same("result", vector.result, code === undefined ? "ok" : "error");
  same("chunksRead", ordered(vector.chunksRead), listOf(read));
  if (code === undefined) {
    const again = encodeLegacyChunks(read);
    if (again.length === vector.hex.length / 2)
      same("encoded again", vector.hex, toHex(concatBytes([again])));
  }
}

/** syncinfo-shuffle.json. */
export function runSyncInfoShuffle(vector: Case): void {
  const info = { chunks: chunksOf(vector.chunks), perm: vector.perm };
  const order = shuffledOrder(info.chunks.length, info.perm).filter((index) => index >= 0);
  same("order", vector.order, [...order]);
  const json = encodeSyncInfo(shuffleSyncInfo(info), { emptyList: "[]" });
  sameIfGiven(vector, "resultJson", json);
  sameIfGiven(vector, "resultJsonSha256", hashHex(textBytes(json)));
}
