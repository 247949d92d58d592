import { expect, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";

class Counter {
  readonly step: number = 2;
  #count = 0;

  add(): number {
    return (this.#count += this.step);
  }

  get count(): number {
    return this.#count;
  }
}

test("replaces what is named, and has all else of the object and its class", () => {
  const inner = new Counter();
  const outer = override(inner, {
    get count() {
      return -inner.count;
    },
  });
  expect(outer.add()).toBe(2);
  const { add } = outer;
  expect(add()).toBe(4);
  expect([outer.count, inner.count, outer.step]).toEqual([-4, 4, 2]);
  expect("add" in outer && "step" in outer && !("other" in outer)).toBe(true);
});

test("has what the object gets later, and is a wrapper for another", () => {
  const inner: { value?: number; get(): number } = { get: () => 1 };
  const outer = override(override(inner, {}), { get: () => inner.get() + 1 });
  expect(outer.value).toBeUndefined();
  inner.value = 5;
  expect([outer.value, outer.get()]).toEqual([5, 2]);
});
