import type { UnderWay } from "../bytes/in-any-order.ts";
import { LeavableSource } from "../bytes/leavable-source.ts";

/** How many chunks may be under way unless a caller says so, and how many bytes. */
export const underWayLimits = Object.freeze({ chunksUnderWay: 192, chunkBytesUnderWay: 12_582_912 });

/** Chunks, or what stands for one, that may be under way at a time. */
export function chunksUnderWay<Item>(
  jobCount: number | undefined,
  bytesOf: (item: Item) => number,
): UnderWay<Item> {
  const { chunksUnderWay: most, chunkBytesUnderWay: bytes } = underWayLimits;
  return { count: jobCount ?? most, bytes, bytesOf };
}

/**
 * Does work on items, several at a time, and yields what comes of it in the order of the items. It
 * takes no more of the items than are under way. When one fails no other is begun, those under way
 * are waited for, and the source is left, also where the next item is still to come.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { count, bytes = Number.POSITIVE_INFINITY, bytesOf = () => 0 }: UnderWay<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const source = new LeavableSource(items);
  const underWay: { readonly result: Promise<Result>; readonly bytes: number }[] = [];
  let bytesUnderWay = 0;
  const first = (): Promise<Result> => {
    const { result, bytes } = underWay.shift()!;
    bytesUnderWay -= bytes;
    return result;
  };
  try {
    for await (const item of source) {
      if (source.isLeft) continue;
      const result = work(item);
      result.catch(() => source.leave()); // whoever waits for it is told
      underWay.push({ result, bytes: bytesOf(item) });
      bytesUnderWay += bytesOf(item);
      while (underWay.length >= count || bytesUnderWay > bytes) yield await first();
    }
    while (underWay.length > 0) yield await first();
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
