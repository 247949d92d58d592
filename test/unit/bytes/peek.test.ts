import { expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { peek } from "../../../src/bytes/peek.ts";
import { lentBlocks } from "../../vectors/input.ts";

test("blocks that are lent are seen as they were, and read as all else", async () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
  const { start, whole } = await peek(lentBlocks(bytes, 2), 3);
  expect(start).toEqual(Uint8Array.of(1, 2, 3));
  const read: Uint8Array[] = [];
  for await (const block of whole) read.push(block.slice());
  expect(concatBytes(read)).toEqual(bytes);
});
