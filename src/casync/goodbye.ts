import type { Bytes } from "../types.ts";
import { viewOf, words, writeSize } from "./words.ts";

/** A member of a directory, as the table at the directory's end has it. */
export interface GoodbyeItem {
  /** Where its FILENAME record stands in the archive. */
  readonly start: number;
  /** Bytes from there to its end. */
  readonly size: number;
  /** Hash of its name. */
  readonly hash: bigint;
}

/** Type of a GOODBYE record. */
export const goodbyeType = 0xdfd35c5e8327c403n;
/** What a goodbye table ends with. */
export const goodbyeMarker = 0x57446fa533702943n;
/** Bytes of an item, and of the tail behind all items. */
export const goodbyeItemBytes = 24;

const recordHeaderBytes = 16;

/** Bytes of the GOODBYE record of a directory with so many members. */
export function goodbyeBytes(memberCount: number): number {
  return recordHeaderBytes + goodbyeItemBytes * (memberCount + 1);
}

/**
 * The GOODBYE record of a directory, which closes it and says where to find each member by its
 * name.
 *
 * @param at where it stands in the archive
 * @param entryAt where the directory's own ENTRY stands
 */
export function encodeGoodbye(items: readonly GoodbyeItem[], at: number, entryAt: number): Bytes {
  const sizeBytes = goodbyeBytes(items.length);
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(words(sizeBytes, goodbyeType));
  const view = viewOf(bytes);
  let to = recordHeaderBytes;
  for (const { start, size, hash } of searchTree(sortedByHash(items))) {
    writeSize(view, to, at - start);
    writeSize(view, to + 8, size);
    view.setBigUint64(to + 16, hash, true);
    to += goodbyeItemBytes;
  }
  bytes.set(words(at - entryAt, sizeBytes, goodbyeMarker), to);
  return bytes;
}

function sortedByHash(items: readonly GoodbyeItem[]): GoodbyeItem[] {
  return [...items].sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.start - b.start));
}

/**
 * Lays sorted things out as a complete binary search tree in an array: the root first, the children
 * of place i at 2i + 1 and 2i + 2.
 */
export function searchTree<Item>(sorted: readonly Item[]): Item[] {
  const tree: Item[] = [];
  let next = 0;
  const fill = (place: number): void => {
    if (place >= sorted.length) return;
    fill(2 * place + 1);
    tree[place] = sorted[next++]!;
    fill(2 * place + 2);
  };
  fill(0);
  return tree;
}
