import { toHex } from "../bytes/hex.ts";
import { decodeByteText, decodeUtf8 } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import type { SharePath } from "../http/share-path.ts";
import {
  listingLimits,
  sharedKindOf,
  type SharedName,
  type SharedNames,
} from "../tree/entry/shared-names.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { AbortOptions } from "../types.ts";
import type { TreeRecord } from "./record.ts";
import { leadsThrough, placesIn } from "./relayed-places.ts";

/**
 * Lists names of a directory of a relayed tree, as the upstream told them: once it has told what
 * comes behind them.
 *
 * @param after the bytes of the name that the last answer ended with, in hex; empty at first
 * @throws NOT_FOUND when there is no such directory, what ends the upstream, the signal's reason
 */
export async function listRelayedNames(
  record: TreeRecord,
  { components }: SharePath,
  after: string,
  options: AbortOptions,
): Promise<SharedNames> {
  const wanted = components.map(toHex);
  const names: SharedName[] = [];
  let isThere = wanted.length === 0;
  let last = "";
  for await (const { entry, way } of placesIn(record, options)) {
    if (!leadsThrough(way, wanted)) {
      if (isThere) break;
      continue;
    }
    if (way.length === wanted.length && entry.kind !== "dir") break;
    isThere = true;
    const name = way.at(-1)!;
    if (way.length !== wanted.length + 1 || name <= after) continue;
    if (names.length === listingLimits.listedNameCount) return { names, next: last };
    names.push(describe(entry));
    last = name;
  }
  if (isThere) return { names };
  throw new SyncError("NOT_FOUND", "there is no such directory");
}

function describe({ name, kind, size, mtimeSec }: Entry): SharedName {
  const text = decodeUtf8(name);
  return {
    name: text ?? decodeByteText(name),
    kind: text === undefined ? "other" : sharedKindOf(kind),
    size,
    mtimeSec,
  };
}
