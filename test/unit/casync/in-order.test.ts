import { expect, test } from "vitest";
import { inOrder } from "../../../src/casync/in-order.ts";

/** Lets all go on that waits for nothing else. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Gives so many items, and then waits for ever. */
class Stuck implements AsyncIterable<number> {
  closings = 0;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    let given = 0;
    return {
      next: async () =>
        given < this.#count ? { done: false, value: given++ } : new Promise<never>(() => {}),
      return: async () => ({ done: true, value: ++this.closings }),
    };
  }
}

/** Reads all, and tells what came and how it ended. */
async function readAll(results: AsyncIterable<number>): Promise<readonly unknown[]> {
  const came: unknown[] = [];
  try {
    for await (const result of results) came.push(result);
  } catch (thrown) {
    came.push(thrown);
  }
  return came;
}

test("results come in the order of the items, whichever is done first", async () => {
  const ends: (() => void)[] = [];
  const work = (item: number): Promise<number> => new Promise((resolve) => ends.push(() => resolve(item)));
  const reading = readAll(inOrder([0, 1, 2], { count: 3 }, work));
  await settle();
  for (const end of ends.toReversed()) end();
  expect(await reading).toEqual([0, 1, 2]);
});

test.for([0, 1, 2])(
  "a failure of item %i is told while the source owes one, behind what is before it",
  async (bad) => {
    const source = new Stuck(3);
    const work = async (item: number): Promise<number> => {
      if (item === bad) throw `failure of ${item}`;
      return item;
    };
    const came = await readAll(inOrder(source, { count: 9 }, work));
    expect(came).toEqual([...[0, 1, 2].slice(0, bad), `failure of ${bad}`]);
    expect(source.closings).toBe(1);
  },
);

test("a failure begins nothing more, and what is under way is waited for", async () => {
  const begun: number[] = [];
  let [end, isOver] = [(): void => {}, false];
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    if (item === 0) return new Promise((resolve) => (end = () => resolve(item)));
    throw "the second";
  };
  const reading = readAll(inOrder([0, 1, 2, 3], { count: 4 }, work)).finally(() => (isOver = true));
  await settle();
  expect([begun, isOver]).toEqual([[0, 1], false]);
  end();
  expect(await reading).toEqual([0, "the second"]);
});

test("an item that comes together with a failure is not begun", async () => {
  const begun: number[] = [];
  const owed: ((step: IteratorResult<number>) => void)[] = [];
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => void owed.push(resolve)) }),
  };
  let fail = (): void => {};
  const work = (item: number): Promise<number> => {
    begun.push(item);
    return new Promise((_, reject) => (fail = () => reject("the first")));
  };
  const reading = readAll(inOrder(source, { count: 9 }, work));
  owed[0]!({ done: false, value: 1 });
  await settle();
  owed[1]!({ done: false, value: 2 });
  fail();
  expect(await reading).toEqual(["the first"]);
  expect(begun).toEqual([1]);
});
