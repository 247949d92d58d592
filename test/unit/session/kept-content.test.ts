import { expect, it } from "vitest";
import { type ContentHolder, KeptContent } from "../../../src/session/kept-content.ts";
import type { Bytes } from "../../../src/types.ts";

const holderOf = (size: number): ContentHolder => ({ bytes: new Uint8Array(size) });

it("keeps that of the newest, within the bound, and tells what is given up once each", () => {
  const dropped: Bytes[] = [];
  const kept = new KeptContent(10, (bytes) => dropped.push(bytes));
  const holders = [4, 6, 1, 0, 10, 11].map(holderOf);
  const all = holders.map(({ bytes }) => bytes!);
  const bytesAfter = holders.map((holder) => (kept.add(holder), kept.bytes));
  expect(bytesAfter).toEqual([4, 10, 7, 7, 10, 0]);
  expect(dropped).toEqual(all);
  expect(holders.every(({ bytes }) => bytes === undefined)).toBe(true);
});

it("leaves the room of what is done with to others", () => {
  const kept = new KeptContent(10);
  const [first, second] = [holderOf(10), holderOf(10)];
  kept.add(first);
  kept.drop(first);
  kept.drop(first);
  expect(kept.bytes).toBe(0);
  kept.add(second);
  expect(second.bytes).toHaveLength(10);
});

it("forgets those whose content is gone, however many come behind one that stays", () => {
  const kept = new KeptContent(10);
  kept.add(holderOf(1));
  const gone = Array.from({ length: 100 }, () => holderOf(1));
  for (const holder of gone) {
    kept.add(holder);
    kept.drop(holder);
    holder.bytes = new Uint8Array(1); // one that is still known would be given up now
    kept.drop(holder);
  }
  expect(gone.every(({ bytes }) => bytes !== undefined)).toBe(true);
  expect(kept.bytes).toBe(1);
});
