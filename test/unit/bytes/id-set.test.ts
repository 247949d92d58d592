import { createHash } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import { IdSet } from "../../../src/bytes/id-set.ts";

function id(n: number): Uint8Array {
  return createHash("sha256").update(String(n)).digest();
}

test("it holds what was added, through growth, and tells what was there", () => {
  const set = new IdSet();
  for (let n = 0; n < 5000; n++) expect(set.add(id(n))).toBe(true);
  for (let n = 0; n < 5000; n++) expect(set.add(id(n))).toBe(false);
  expect(set.size).toBe(5000);
  for (let n = 0; n < 5000; n++) expect(set.has(id(n))).toBe(true);
  expect(set.has(id(5000))).toBe(false);
});

test("a set that was cleared is as a new one", () => {
  const set = new IdSet();
  for (let n = 0; n < 100; n++) set.add(id(n));
  set.clear();
  expect([set.size, set.has(id(5))]).toEqual([0, false]);
  for (let n = 50; n < 500; n++) set.add(id(n));
  expect([set.size, set.has(id(5)), set.has(id(499))]).toEqual([450, false, true]);
});

test("the id of 32 zero bytes is an id like any other", () => {
  const set = new IdSet();
  expect(set.has(new Uint8Array(32))).toBe(false);
  expect([set.add(new Uint8Array(32)), set.add(new Uint8Array(32))]).toEqual([true, false]);
  expect([set.size, set.has(new Uint8Array(32))]).toEqual([1, true]);
});

test("it takes 8 bytes a slot, of which there are three an id at most", () => {
  let bytes = 0;
  for (const name of ["Uint32Array", "Float64Array"] as const)
    vi.stubGlobal(
      name,
      new Proxy(globalThis[name], {
        construct(target, args: [number]) {
          const made = new target(...args);
          bytes += made.byteLength;
          return made;
        },
      }),
    );
  onTestFinished(() => void vi.unstubAllGlobals());
  const set = new IdSet();
  for (let n = 0; n < 20_000; n++) set.add(id(n));
  // The tables that it has grown out of took half of it, a quarter, and so on.
  expect(bytes).toBeLessThan(2 * 8 * 3 * set.size);
});
