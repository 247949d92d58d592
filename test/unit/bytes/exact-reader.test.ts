import { expect, test } from "vitest";
import { ExactReader } from "../../../src/bytes/exact-reader.ts";

async function* blocksOf(...blocks: number[][]): AsyncGenerator<Uint8Array> {
  for (const block of blocks) yield Uint8Array.from(block);
}

test("reads straddle blocks of any size, empty ones too", async () => {
  const reader = new ExactReader(blocksOf([], [1], [], [2, 3, 4], [5], []));
  expect(await reader.read(2)).toEqual(Uint8Array.of(1, 2));
  expect(await reader.readByte()).toBe(3);
  expect(await reader.read(0)).toEqual(new Uint8Array());
  expect(await reader.readUpTo(9)).toEqual(Uint8Array.of(4));
  expect(await reader.readUpTo(9)).toEqual(Uint8Array.of(5));
  expect(await reader.readUpTo(9)).toEqual(new Uint8Array());
  expect(await reader.readByte()).toBeUndefined();
});

test("a read within one block is a view of it", async () => {
  const block = Uint8Array.of(1, 2, 3, 4);
  const reader = new ExactReader(
    (async function* () {
      yield block;
    })(),
  );
  await reader.readByte();
  expect((await reader.read(2)).buffer).toBe(block.buffer);
});

test("a stream that ends early is told from one that ends", async () => {
  const reader = new ExactReader(blocksOf([1, 2], [3]));
  await expect(reader.read(4)).rejects.toMatchObject({ code: "TRUNCATED", detail: { limit: 4, actual: 3 } });
});

test("no block is read before it is asked for", async () => {
  let pulled = 0;
  const reader = new ExactReader(
    (async function* () {
      for (;;) {
        pulled++;
        yield Uint8Array.of(1, 2);
      }
    })(),
  );
  await reader.readByte();
  await reader.readByte();
  expect(pulled).toBe(1);
});

test("closing ends the source once, and reads as the end", async () => {
  let closed = 0;
  const reader = new ExactReader(
    (async function* () {
      try {
        for (;;) yield Uint8Array.of(1, 2);
      } finally {
        closed++;
      }
    })(),
  );
  await reader.readByte();
  await reader.close();
  await reader.close();
  expect(closed).toBe(1);
  expect(await reader.readByte()).toBeUndefined();
});

test("an error of the source reaches the reader", async () => {
  const reader = new ExactReader(
    (async function* () {
      yield Uint8Array.of(1);
      throw new Error("gone");
    })(),
  );
  await expect(reader.read(2)).rejects.toThrow("gone");
});
