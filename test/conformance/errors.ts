import { concatBytes } from "../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import { type Case, codeOf, input, Mismatch, same, sameBytes, sameIfGiven, streamOf } from "./check.ts";
import {
  chunkList,
  openBuilder,
  receive,
  type Received,
  send,
  type Sent,
  sameStatuses,
  storageWith,
  wholeWishlist,
} from "./exchange.ts";

const classes: Record<string, string> = {
  WISHLIST_TOO_SHORT: "wishlist-too-short",
  WISHLIST_TOO_LONG: "wishlist-too-long",
  PLACEHOLDER_REQUESTED: "placeholder-requested",
  UNEXPECTED_CHUNK: "unexpected-chunk",
  TRUNCATED: "unexpected-eof",
  UNSOLICITED: "unsolicited-data",
  ILLEGAL_LENGTH: "illegal-length",
  VARINT_OVERFLOW: "varint-overflow",
  NO_SPACE: "no-space",
};
const known = new Set(["ok", ...Object.values(classes)]);

/** errors.json. */
export async function runErrors(vector: Case): Promise<void> {
  if (!known.has(vector.result)) throw new Mismatch(`unknown result ${vector.result}`);
  if (vector.side === "sender") return runSender(vector);
  if (vector.side === "receiver") return runReceiver(vector);
  throw new Mismatch(`unknown side ${vector.side}`);
}

async function runSender(vector: Case): Promise<void> {
  const [info, store] = await chunkList(vector.chunks.map(input), vector.perm);
  const sent: Sent = { blocks: [], statuses: [] };
  const code = await codeOf(() => send(info, store, streamOf(fromHex(vector.wishlistHex)), sent));
  sameResult(vector, classOf(code));
  sameBytes(vector, "stream", concatBytes(sent.blocks));
  sameStatuses(vector, sent.statuses);
}

async function runReceiver(vector: Case): Promise<void> {
  const [honest] = await chunkList(vector.chunks.map(input), vector.perm);
  const delta = vector.sizeDelta ?? 0;
  const chunks = honest.chunks.map(({ id, size }, index) => ({
    id,
    size: index === 0 ? size + delta : size,
  }));
  const info = { chunks, perm: honest.perm };
  let file: Received | undefined;
  const code = await codeOf(async () => {
    const storage = storageWith(vector.capacity, vector.receiverHas);
    const builder = openBuilder(info, storage);
    sameIfGiven(vector, "wishlistHex", toHex(await wholeWishlist(builder)));
    file = await receive(builder, storage, streamOf(fromHex(vector.streamHex)));
  });
  const result = classOf(code);
  sameResult(vector, result);
  if (result !== "ok" || vector.result !== "ok") return;
  same("resultKey", vector.resultKey, toHex(file!.key));
  same("resultSize", vector.resultSize, file!.size);
}

function classOf(code: string | undefined): string {
  return code === undefined ? "ok" : (classes[code] ?? code);
}

/**
 * A flaw of the reference need not be copied: where the text says that it must not, anything but
 * success will do; where it names results that are as good, one of those will; otherwise any error.
 */
function sameResult({ result, flaw }: Case, got: string): void {
  if (flaw === undefined) return same("result", result, got);
  const isForbidden = /must not/u.test(flaw);
  const named = [...known].filter((name) => name !== "ok" && flaw.includes(name));
  if (got === result && !isForbidden) return;
  if (got !== "ok" && (isForbidden || named.length === 0 || named.includes(got))) return;
  throw new Mismatch(`result: got ${got}, which the flaw does not allow: ${flaw}`);
}
