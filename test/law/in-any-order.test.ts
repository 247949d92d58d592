import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inAnyOrder } from "../../src/bytes/in-any-order.ts";

/** Lets all go on that waits for nothing else. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What the source says when it is told to stop. */
const aborted = "aborted";

type Step =
  { readonly do: "give" | "end" | "abort" } | { readonly do: "finish" | "fail"; readonly which: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: "give" } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("end" as const, "abort" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("finish" as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), which: fc.nat(9) }) },
);

interface Promised<Value> {
  resolve(value: Value): void;
  reject(thrown: unknown): void;
}

/** A source and works that go on when they are told to, and nothing else. */
class Driven implements AsyncIterable<number> {
  readonly begun: number[] = [];
  readonly underWay = new Map<number, Promised<void>>();
  owed: Promised<IteratorResult<number>> | undefined;
  given = 0;
  closings = 0;
  isUsedBehindItsEnd = false;

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return {
      next: () => {
        this.isUsedBehindItsEnd ||= this.owed !== undefined || this.closings > 0;
        return new Promise((resolve, reject) => (this.owed = { resolve, reject }));
      },
      return: async () => {
        this.closings++;
        throw new Error("what closing a source says when it was left does not matter");
      },
    };
  }

  readonly work = (item: number): Promise<void> => {
    this.begun.push(item);
    return new Promise((resolve, reject) => this.underWay.set(item, { resolve, reject }));
  };

  /** The numbered of what is under way; undefined where there is nothing. */
  pick(which: number): number | undefined {
    return [...this.underWay.keys()][which % this.underWay.size];
  }
}

/** What is to be seen from outside, said in the simplest way. */
class Model {
  begun = 0;
  readonly underWay = new Set<number>();
  isOwed = true;
  isEnded = false;
  isLeft = false;
  thrown: unknown;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  get isOver(): boolean {
    return (this.isEnded || this.isLeft) && this.underWay.size === 0;
  }

  /** The source answers. */
  answer(step: "give" | "end" | "abort"): void {
    this.isOwed = false;
    if (this.isLeft) return;
    if (step === "give") this.underWay.add(this.begun++);
    else this.isEnded = true;
    if (step === "abort") this.thrown ??= aborted;
    this.#ask();
  }

  settle(item: number, failure?: unknown): void {
    this.underWay.delete(item);
    if (failure !== undefined) {
      this.thrown ??= failure;
      if (!this.isEnded) this.isLeft = true;
    }
    this.#ask();
  }

  #ask(): void {
    if (!this.isEnded && !this.isLeft && this.underWay.size < this.#count) this.isOwed = true;
  }
}

/** Does a step where it can be done. */
function take(step: Step, driven: Driven, model: Model): void {
  if (step.do === "finish" || step.do === "fail") {
    const item = driven.pick(step.which);
    if (item === undefined) return;
    const { resolve, reject } = driven.underWay.get(item)!;
    driven.underWay.delete(item);
    if (step.do === "fail") reject(`failure of ${item}`);
    else resolve();
    return model.settle(item, step.do === "fail" ? `failure of ${item}` : undefined);
  }
  const { owed } = driven;
  if (!owed) return;
  driven.owed = undefined;
  if (step.do === "give") owed.resolve({ done: false, value: driven.given++ });
  else if (step.do === "end") owed.resolve({ done: true, value: undefined });
  else owed.reject(aborted);
  model.answer(step.do);
}

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => void process.off("unhandledRejection", note));

test("whatever comes when: a failure is told as soon as nothing is under way, and the source closed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(anyStep), async (count, steps) => {
      const [driven, model] = [new Driven(), new Model(count)];
      let outcome: { readonly thrown: unknown } | undefined;
      inAnyOrder(driven, { count }, driven.work).then(
        () => (outcome = { thrown: undefined }),
        (thrown: unknown) => (outcome = { thrown }),
      );
      await settle();
      for (const step of steps) {
        take(step, driven, model);
        await settle();
        expect(driven.begun).toEqual(Array.from({ length: model.begun }, (_, item) => item));
        expect([...driven.underWay.keys()].toSorted()).toEqual([...model.underWay].toSorted());
        expect(driven.owed !== undefined).toBe(model.isOwed);
        expect(driven.closings).toBe(model.isLeft ? 1 : 0);
        expect(outcome).toEqual(model.isOver ? { thrown: model.thrown } : undefined);
      }
      expect(driven.isUsedBehindItsEnd).toBe(false);
      expect(unhandled).toEqual([]);
    }),
  );
});
