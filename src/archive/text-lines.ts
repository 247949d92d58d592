import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { listingLimits } from "./listing-limits.ts";

/** The lines of a text without their ends, those of one block at a time. @throws LIMIT */
export async function* linesOf(content: AsyncIterable<Bytes>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  const limit = listingLimits.lineChars;
  let rest = "";
  for await (const bytes of content) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (rest.length > limit || lines.some((line) => line.length > limit))
      throw new SyncError("LIMIT", "a line is too long", { detail: { limit } });
    yield lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield [rest];
}
