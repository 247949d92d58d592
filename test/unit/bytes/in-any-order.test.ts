import { expect, test } from "vitest";
import { inAnyOrder } from "../../../src/bytes/in-any-order.ts";

/** Lets all go on that waits for nothing else. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Work that ends when it is told to. */
class Works {
  readonly begun: number[] = [];
  readonly #ends = new Map<number, { resolve(): void; reject(error: Error): void }>();

  readonly begin = (item: number): Promise<void> => {
    this.begun.push(item);
    return new Promise((resolve, reject) => this.#ends.set(item, { resolve, reject }));
  };

  async end(item: number, error?: Error): Promise<void> {
    const { resolve, reject } = this.#ends.get(item)!;
    if (error) reject(error);
    else resolve();
    await settle();
  }
}

test("the next item begins when any before it is done, not the first alone", async () => {
  const works = new Works();
  const done = inAnyOrder([1, 2, 3, 4], { count: 2 }, works.begin);
  await settle();
  expect(works.begun).toEqual([1, 2]);
  await works.end(2);
  expect(works.begun).toEqual([1, 2, 3]);
  await works.end(3);
  expect(works.begun).toEqual([1, 2, 3, 4]);
  await works.end(4);
  await works.end(1);
  await done;
});

test("items are under way up to a sum of bytes, and one of any size", async () => {
  const works = new Works();
  const limits = { count: 9, bytes: 5, bytesOf: (item: number) => item };
  const done = inAnyOrder([8, 3, 2, 1], limits, works.begin);
  await settle();
  expect(works.begun).toEqual([8]);
  await works.end(8);
  expect(works.begun).toEqual([8, 3, 2, 1]);
  for (const item of [1, 2, 3]) await works.end(item);
  await done;
});

test("a failure begins nothing more, and what is under way is waited for", async () => {
  const works = new Works();
  let isOver = false;
  const closed: boolean[] = [];
  async function* items(): AsyncGenerator<number> {
    try {
      yield* [1, 2, 3, 4];
    } finally {
      closed.push(isOver);
    }
  }
  const done = inAnyOrder(items(), { count: 2 }, works.begin).finally(() => (isOver = true));
  done.catch(() => {}); // is looked at below
  await settle();
  await works.end(2, new Error("the second"));
  await settle();
  expect([works.begun, isOver]).toEqual([[1, 2], false]);
  await works.end(1);
  await expect(done).rejects.toThrow("the second");
  expect(closed).toEqual([false]);
});
