import { concatBytes } from "../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import { decodeSyncInfo, encodeSyncInfo } from "../../src/remotesync/sync-info-json.ts";
import { type SyncInfo, syncInfoOf } from "../../src/remotesync/sync-info.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bytes } from "../../src/types.ts";
import { type Case, hashHex, input, Mismatch, same, sameBytes, sameIfGiven, streamOf } from "./check.ts";
import { openBuilder, receive, send, type Sent, storageWith, wholeWishlist } from "./exchange.ts";
import { type HttpMessage, parseHttp } from "./http.ts";
import { roomy } from "./sync-info.ts";

/**
 * http-capture.json: what the reference's two ends said to each other must be what ours would say.
 */
export async function runHttpCapture(vector: Case): Promise<void> {
  const exchange = readExchange(vector.events);
  const body = new TextDecoder().decode(exchange.syncInfo.body);
  sameIfGiven(vector, "getBody", body);
  sameBytes(vector, "wishlist", exchange.wishlist.body);
  sameIfGiven(vector, "wishlistHttpChunks", exchange.wishlist.partSizes);
  sameBytes(vector, "stream", exchange.chunkStream.body);
  sameIfGiven(vector, "streamHttpChunks", exchange.chunkStream.partSizes);

  const [info, store] = await serve(vector, body);
  await compareSender(exchange, info, store);
  await compareReceiver(vector, exchange, decodeSyncInfo(body, roomy));
}

interface Exchange {
  readonly syncInfo: HttpMessage;
  readonly wishlist: HttpMessage;
  readonly chunkStream: HttpMessage;
}

function readExchange(events: readonly Case[]): Exchange {
  const requests = parseHttp(bytesFrom(events, "client"), false);
  const responses = parseHttp(bytesFrom(events, "server"), true);
  same(
    "requests",
    ["GET", "POST"],
    requests.map(({ start }) => start[0]),
  );
  same(
    "responses",
    ["200", "200"],
    responses.map(({ start }) => start[1]),
  );
  const [, wishlist] = requests;
  same("Connection of the POST", "close", wishlist!.headers.get("connection"));
  return { syncInfo: responses[0]!, wishlist: wishlist!, chunkStream: responses[1]! };
}

function bytesFrom(events: readonly Case[], side: string): Bytes {
  for (const event of events) {
    if (event.from !== "client" && event.from !== "server") throw new Mismatch(`unknown side ${event.from}`);
  }
  const own = events.filter((event) => event.from === side && event.hex !== undefined);
  return concatBytes(own.map((event) => fromHex(event.hex)));
}

/** What we would serve for the same file. */
async function serve(vector: Case, body: string): Promise<[SyncInfo, Store]> {
  const store = memoryStore();
  const source = streamOf(input(vector.input));
  const info = await syncInfoOf(source, vector.perm, { onChunk: (chunk) => store.put(chunk) });
  same("SyncInfo of our sender", `${encodeSyncInfo(info)}\n`, body);
  return [info, store];
}

async function compareSender(
  { wishlist, chunkStream }: Exchange,
  info: SyncInfo,
  store: Store,
): Promise<void> {
  const sent: Sent = { blocks: [], statuses: [] };
  await send(info, store, streamOf(wishlist.body), sent);
  same("chunk stream of our sender", toHex(chunkStream.body), toHex(concatBytes(sent.blocks)));
}

async function compareReceiver(
  vector: Case,
  { wishlist, chunkStream }: Exchange,
  info: SyncInfo,
): Promise<void> {
  const storage = storageWith(2 ** 30, vector.receiverHas ?? []);
  const builder = openBuilder(info, storage);
  same("wishlist of our receiver", toHex(wishlist.body), toHex(await wholeWishlist(builder)));
  const file = await receive(builder, storage, streamOf(chunkStream.body));
  same("file of our receiver", hashHex(input(vector.input)), toHex(file.key));
}
