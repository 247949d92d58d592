import type { IndexHeader } from "../../casync/index-header.ts";
import { schemeOf } from "../../casync/open-store.node.ts";
import { isShellPlace } from "../../casync/ssh-chunks.node.ts";
import { severalStores } from "../../casync/several-stores.ts";
import { treeSeed } from "../../casync/tree-seed.node.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import type { ChunkReader } from "../../store/store.ts";
import type { AbortOptions } from "../../types.ts";

/**
 * A store, before which the tree is asked that is unpacked over, where a store is far: there a
 * chunk costs more than to read the tree. A tree that cannot be read is no help and no failure.
 *
 * @param store it belongs to the new one, which closes it
 * @param places of what the store asks
 */
export function seededStore(
  store: ChunkReader,
  places: readonly string[],
  root: string,
  header: IndexHeader,
  options: AbortOptions,
): ChunkReader {
  const isFar = places.some((place) => place.split("|").some(isElsewhere));
  if (!isFar || statsAt(root)?.isDirectory() !== true) return store;
  return severalStores([treeSeed(root, header, options), store]);
}

function isElsewhere(place: string): boolean {
  return schemeOf(place) !== undefined || isShellPlace(place);
}
