import { expect, it } from "vitest";
import { findDistinct } from "../../../src/remotesync/distinct-chunks.ts";

function id(prefix: number, rest: number): Uint8Array {
  return new Uint8Array(32).fill(prefix, 0, 8).fill(rest, 8);
}

it("tells ids apart that begin alike", () => {
  const ids = [id(1, 1), id(1, 2), id(2, 1), id(1, 2), id(1, 3), id(1, 1), id(1, 3), id(1, 3)];
  const { firstOf, useCount } = findDistinct(ids.map((one) => ({ id: one, size: 1 })));
  expect([...firstOf]).toEqual([0, 1, 2, 1, 4, 0, 4, 4]);
  expect([...useCount]).toEqual([2, 2, 1, 0, 3, 0, 0, 0]);
});
