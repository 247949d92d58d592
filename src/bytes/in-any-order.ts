import { LeavableSource } from "./leavable-source.ts";

/** How much may be under way at a time. */
export interface UnderWay<Item> {
  /** Items, at most. */
  readonly count: number;
  /** Bytes of the items together, at most, unless it is one item. */
  readonly bytes?: number;
  /** Bytes that an item stands for. */
  readonly bytesOf?: (item: Item) => number;
}

/**
 * Does work on items, several at a time: begun in the order of the items, and done in any. It takes
 * no more of the items than are under way. When one fails no other is begun, those under way are
 * waited for, and the source is left, also where the next item is still to come.
 */
export async function inAnyOrder<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { count, bytes = Number.POSITIVE_INFINITY, bytesOf = () => 0 }: UnderWay<Item>,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const source = new LeavableSource(items);
  let underWayCount = 0;
  let bytesUnderWay = 0;
  let failure: { readonly thrown: unknown } | undefined;
  let tell = (): void => {};
  const nextEnd = (): Promise<void> => new Promise((resolve) => (tell = resolve));
  const run = async (item: Item, size: number): Promise<void> => {
    try {
      await work(item);
    } catch (thrown) {
      failure ??= { thrown };
      source.leave();
    }
    underWayCount--;
    bytesUnderWay -= size;
    tell();
  };
  try {
    for await (const item of source) {
      if (source.isLeft) continue;
      const size = bytesOf(item);
      underWayCount++;
      bytesUnderWay += size;
      void run(item, size);
      while (!source.isLeft && (underWayCount >= count || bytesUnderWay > bytes)) await nextEnd();
    }
  } finally {
    while (underWayCount > 0) await nextEnd();
  }
  if (failure) throw failure.thrown;
}
