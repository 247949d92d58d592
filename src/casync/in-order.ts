/**
 * Does work on items, several at a time, and yields what comes of it in the order of the items. It
 * takes no more of the items than are under way. When one fails the others are waited for.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  jobCount: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      result.catch(() => {}); // whoever waits for it is told
      underWay.push(result);
      if (underWay.length >= jobCount) yield await underWay.shift()!;
    }
    while (underWay.length > 0) yield await underWay.shift()!;
  } finally {
    await Promise.allSettled(underWay);
  }
}
