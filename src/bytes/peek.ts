import type { Bytes } from "../types.ts";
import { concatBytes } from "./compare.ts";

/**
 * Looks at the start of content: its first `count` bytes, or as many as there are, and all of it,
 * to be read once. Blocks may be lent.
 */
export async function peek(
  source: AsyncIterable<Bytes>,
  count: number,
): Promise<{ readonly start: Bytes; readonly whole: AsyncIterable<Bytes> }> {
  const blocks = source[Symbol.asyncIterator]();
  const seen: Bytes[] = [];
  for (let size = 0; size < count; size += seen.at(-1)!.length) {
    const { done, value } = await blocks.next();
    if (done === true) break;
    seen.push(new Uint8Array(value));
  }
  async function* join(): AsyncGenerator<Bytes> {
    yield* seen;
    yield* { [Symbol.asyncIterator]: () => blocks };
  }
  return { start: concatBytes(seen).subarray(0, count), whole: join() };
}
