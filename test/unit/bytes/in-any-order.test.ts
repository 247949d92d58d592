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

/** Owes its second item until it is told to give it. */
class Owing implements AsyncIterable<number> {
  isClosed = false;
  give = (): void => {};

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      yield 1;
      await new Promise<void>((resolve) => (this.give = resolve));
      yield 2;
    } finally {
      this.isClosed = true;
    }
  }
}

test("a failure is told while the source owes an item, which closes the source when it comes", async () => {
  const [works, source] = [new Works(), new Owing()];
  const done = inAnyOrder(source, { count: 2 }, works.begin);
  await settle();
  const told = expect(done).rejects.toThrow("the first");
  await works.end(1, new Error("the first"));
  await told;
  expect(source.isClosed).toBe(false);
  source.give();
  await settle();
  expect([source.isClosed, works.begun]).toEqual([true, [1]]);
});

test("an item that comes together with a failure is not begun", async () => {
  const works = new Works();
  const owed: ((step: IteratorResult<number>) => void)[] = [];
  let closings = 0;
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => void owed.push(resolve)),
      return: async () => ({ done: true, value: ++closings }),
    }),
  };
  const done = inAnyOrder(source, { count: 2 }, works.begin);
  owed[0]!({ done: false, value: 1 });
  await settle();
  const told = expect(done).rejects.toThrow("the first");
  owed[1]!({ done: false, value: 2 });
  await works.end(1, new Error("the first"));
  expect(works.begun).toEqual([1]);
  await told;
  expect(closings).toBe(1);
});

test("a failure closes the source also where there is no room for another item", async () => {
  const works = new Works();
  let isClosed = false;
  function* items(): Generator<number> {
    try {
      yield* [1, 5, 2];
    } finally {
      isClosed = true;
    }
  }
  const limits = { count: 9, bytes: 4, bytesOf: (item: number) => item };
  const done = inAnyOrder(items(), limits, works.begin);
  await settle();
  const told = expect(done).rejects.toThrow("the first");
  await works.end(1, new Error("the first"));
  expect([isClosed, works.begun]).toEqual([true, [1, 5]]);
  await works.end(5);
  await told;
});
