import { castrStore } from "../casync/castr.node.ts";
import { sha256Digest } from "../chunk/digest.ts";
import { dirStore } from "../store/dir.node.ts";
import { memoryStore } from "../store/memory.ts";
import { packStore } from "../store/pack.node.ts";
import type { Store } from "../store/store.ts";
import { tieredStore } from "../store/tiered.ts";

/** Content that a relay keeps in memory, so that downstreams which keep up never touch the disk. */
const recentBytes = 32 << 20;

/**
 * Where a relay keeps chunks: the latest in memory, all of them in a directory.
 *
 * @param path a directory that stays, for the next run to use, a store of casync if its name ends
 *   in `.castr`; without it they are in a nameless file
 * @throws IO, NO_SPACE
 */
export async function openRelayStore(path?: string): Promise<Store> {
  const keeper = path === undefined ? packStore() : await openKeeper(path);
  return tieredStore([memoryStore({ capacityBytes: recentBytes }), keeper]);
}

/** Sessions that others join name chunks by SHA-256, which casync knows, too. */
async function openKeeper(path: string): Promise<Store> {
  return path.endsWith(".castr") ? castrStore(path, { create: true, digest: sha256Digest }) : dirStore(path);
}
