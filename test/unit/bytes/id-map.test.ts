import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { IdMap } from "../../../src/bytes/id-map.ts";

function id(n: number): Uint8Array {
  return createHash("sha256").update(String(n)).digest();
}

test("it holds what was put in, through growth", () => {
  const map = new IdMap();
  for (let n = 0; n < 5000; n++) map.set(id(n), n * 2 ** 40);
  expect(map.size).toBe(5000);
  for (let n = 0; n < 5000; n++) expect(map.get(id(n))).toBe(n * 2 ** 40);
  expect(map.get(id(5000))).toBeUndefined();
});

test("a second value replaces the first; deleting twice does nothing", () => {
  const map = new IdMap();
  map.set(id(1), 0);
  map.set(id(1), Number.MAX_SAFE_INTEGER);
  expect([map.size, map.get(id(1))]).toEqual([1, Number.MAX_SAFE_INTEGER]);
  map.delete(id(1));
  map.delete(id(1));
  map.delete(id(2));
  expect([map.size, map.get(id(1))]).toEqual([0, undefined]);
});

test("it looks at the first 8 bytes: ids that begin alike are one", () => {
  const map = new IdMap();
  const [a, b] = [id(1), id(1)];
  b[8]! ^= 1;
  map.set(a, 5);
  expect(map.get(b)).toBe(5);
  b[7]! ^= 1;
  expect(map.get(b)).toBeUndefined();
});

test("the id of 32 zero bytes is an id like any other", () => {
  const map = new IdMap();
  expect(map.get(new Uint8Array(32))).toBeUndefined();
  map.set(new Uint8Array(32), 0);
  expect(map.get(new Uint8Array(32))).toBe(0);
});
