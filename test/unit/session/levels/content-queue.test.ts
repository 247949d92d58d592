import { expect, test } from "vitest";
import { BlockPool } from "../../../../src/bytes/block-pool.ts";
import { idBytes } from "../../../../src/chunk/chunk.ts";
import { ContentQueue } from "../../../../src/session/levels/chunks/content-queue.ts";
import { sessionLimits } from "../../../../src/session/limits.ts";
import type { EntryPlace } from "../../../../src/tree/entry/entry-order.ts";

const chunkBytes = 1000;

/** Announces chunks until there are enough of them. Returns how many it were. */
function announce(queue: ContentQueue<string>): number {
  for (let count = 0; ; count++) {
    if (queue.isFull) return count;
    const content = { sizes: [chunkBytes], ids: new Uint8Array(idBytes), bytes: new Uint8Array(chunkBytes) };
    queue.ask({ file: "file", place: {} as EntryPlace, offset: 0, job: { open: 0 }, ...content });
  }
}

test("more is announced ahead of answers where less than half of it is asked for", () => {
  const queue = new ContentQueue<string>(100 * chunkBytes, new BlockPool());
  expect(announce(queue)).toBe(75);
  queue.answer(Array.from({ length: 75 }, (_, i) => i < 37));
  // What is asked for goes out before more than half of the room is taken.
  expect(announce(queue)).toBe(50 - 37);
  while (queue.next() !== undefined);
  const most = 75 * sessionLimits.unwantedAheadFactor;
  expect(announce(queue)).toBe(most - (50 - 37));
  queue.answer(Array.from({ length: most }, (_, i) => i >= most / 2));
  expect(announce(queue)).toBe(0);
});
