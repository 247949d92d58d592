import { byteStringOf } from "../bytes/byte-string.ts";
import { encodeByteText } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import { entryKinds } from "../tree/entry/entry.ts";
import { findNameFault, findPlaceFault, maxLinkTargetBytes } from "../tree/entry/entry-order.ts";
import { maxTimeSec } from "../tree/entry/time-range.ts";
import { EntryCounter, type IndexedEntry, type IndexTotals, orderKeyOf } from "./tree-index.node.ts";

const kinds: ReadonlySet<unknown> = new Set(entryKinds);

/**
 * The entries that a file says a tree has, once they are known to be such: in order, each once,
 * with names that lie inside the tree, and as many as the file says.
 *
 * @throws CORRUPT
 */
export async function* checkedEntries(
  batches: AsyncIterable<readonly IndexedEntry[]>,
  totals: () => IndexTotals,
): AsyncGenerator<readonly IndexedEntry[]> {
  const counter = new EntryCounter();
  let before = "";
  for await (const batch of batches) {
    for (const entry of batch) {
      const fault = findEntryFault(entry);
      if (fault !== undefined) throw damaged(`an entry of it ${fault}`);
      const key = orderKeyOf(entry.path);
      if (key <= before) throw damaged("its entries are not in order");
      before = key;
    }
    counter.count(batch);
    yield batch;
  }
  const found = counter.totals();
  const said = totals();
  if (found.entries !== said.entries || found.bytes !== said.bytes || found.sha256 !== said.sha256)
    throw damaged("it does not hold what it says it does");
}

/** The error of an index that is not what was written. */
export function damaged(what: string, cause?: unknown): SyncError {
  return new SyncError("CORRUPT", `this index is damaged: ${what}`, { cause });
}

/** What is wrong with an entry that comes from a file, whose fields may be anything. */
export function findEntryFault({
  path,
  kind,
  size,
  mode,
  mtimeSec,
  mtimeNsec,
  target,
  digest,
}: IndexedEntry): string | undefined {
  const fault = typeof path === "string" ? findPathFault(path) : "has no path";
  if (fault !== undefined) return fault;
  if (!kinds.has(kind)) return "has an unknown kind";
  if (!isCount(size, kind === "file" ? Number.MAX_SAFE_INTEGER : 0)) return "has a size that is out of range";
  if (mode !== undefined && !isCount(mode, 0o7777)) return "has a mode that is out of range";
  if ((mtimeSec === undefined) !== (mtimeNsec === undefined)) return "has half a time";
  if (mtimeSec !== undefined && !(isCount(Math.abs(mtimeSec), maxTimeSec) && isCount(mtimeNsec, 999_999_999)))
    return "has a time that is out of range";
  if (target !== undefined && !(typeof target === "string" && isLinkText(target) && kind === "symlink"))
    return "has an illegal link text";
  if (digest !== undefined && !(typeof digest === "string" && isDigest.test(digest)))
    return "has an illegal digest";
  return undefined;
}

const isDigest = /^(?:[0-9a-f]{2}){16,64}$/;

/** What is wrong with a path that comes from a file; nothing where it lies inside a tree. */
export function findPathFault(path: string): string | undefined {
  const names = byteStringOf(encodeByteText(path)).split("/");
  const misplaced = findPlaceFault(names.length - 1, path.length);
  if (misplaced !== undefined) return misplaced;
  for (const name of names) {
    const fault = findNameFault(Buffer.from(name, "latin1"));
    if (fault !== undefined) return `has a name that ${fault}`;
  }
  return undefined;
}

function isLinkText(target: string): boolean {
  return target.length > 0 && target.length <= maxLinkTargetBytes && !target.includes("\0");
}

function isCount(value: unknown, max: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;
}
