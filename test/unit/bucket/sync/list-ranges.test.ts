import { expect, test } from "vitest";
import type { KeyRange, ListedObject, ObjectBucket } from "../../../../src/bucket/object-bucket.ts";
import { listRanges, rangeLimits } from "../../../../src/bucket/sync/list-ranges.ts";
import type { AbortOptions } from "../../../../src/types.ts";

test("nothing more is asked for when all is listed, though a range was to be divided", async () => {
  const searches: AbortSignal[] = [];
  async function* pages({ after }: KeyRange, { signal }: AbortOptions): AsyncGenerator<ListedObject[]> {
    if (after !== undefined) {
      searches.push(signal!);
      await new Promise((_, fail) => signal!.addEventListener("abort", () => fail(signal!.reason)));
    }
    for (let number = 0; number < rangeLimits.splitPageCount; number++)
      yield [{ key: String(number).padStart(3, "0"), sizeBytes: 1, writtenMs: 0, mark: "m" }];
  }
  const side = { bucket: { pages, listsRanges: true } as unknown as ObjectBucket, prefix: "" };
  let pairCount = 0;
  const onPage = (pairs: readonly unknown[]): void => void (pairCount += pairs.length);
  await listRanges(side, side, [{}], { onPage, onStep: () => {} });
  expect(pairCount).toBe(rangeLimits.splitPageCount);
  expect(searches.map(({ aborted }) => aborted)).toEqual([true]);
});
