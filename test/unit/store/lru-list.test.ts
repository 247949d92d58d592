import { expect, it } from "vitest";
import { LruList } from "../../../src/store/lru-list.ts";
import type { LruLinks } from "../../../src/store/lru-list.ts";

interface Item extends LruLinks<Item> {
  readonly name: string;
}

const item = (name: string): Item => ({ name, older: undefined, younger: undefined });

function emptied(list: LruList<Item>): string {
  let names = "";
  for (let oldest = list.oldest; oldest; oldest = list.oldest) {
    names += oldest.name;
    list.remove(oldest);
  }
  return names;
}

it.each([
  ["first", "a", "bcd"],
  ["middle", "b", "acd"],
  ["last", "d", "abc"],
])("keeps the order when the %s item is removed", (_, gone, left) => {
  const list = new LruList<Item>();
  const items = [..."abcd"].map(item);
  items.forEach((each) => list.append(each));
  list.remove(items.find(({ name }) => name === gone)!);
  expect(emptied(list)).toBe(left);
});

it("takes an item again that was removed", () => {
  const list = new LruList<Item>();
  const [a, b] = [item("a"), item("b")];
  list.append(a);
  list.append(b);
  list.remove(a);
  list.append(a);
  expect(emptied(list)).toBe("ba");
  list.append(b);
  expect(emptied(list)).toBe("b");
});
