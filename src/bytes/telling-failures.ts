/** The same items; what goes wrong with their source is thrown as `tell` has it. */
export async function* tellingFailures<Item>(
  items: AsyncIterable<Item>,
  tell: (thrown: unknown) => unknown,
): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (thrown) {
    throw tell(thrown);
  }
}
