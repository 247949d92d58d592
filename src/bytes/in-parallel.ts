/** Does all of it, a few at a time. The first failure ends it, once nothing is under way. */
export async function inParallel<Item>(
  items: readonly Item[],
  mostCount: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  let at = 0;
  let failure: { readonly thrown: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (at < items.length && !failure) {
      try {
        await act(items[at++]!);
      } catch (thrown) {
        failure ??= { thrown };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(mostCount, items.length) }, worker));
  if (failure) throw failure.thrown;
}
