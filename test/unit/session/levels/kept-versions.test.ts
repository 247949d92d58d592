import { expect, test } from "vitest";
import { KeptVersions } from "../../../../src/session/levels/pieces/kept-versions.ts";

/** Old versions on disk: ten bytes each, which say their entry. Counts the reads. */
function disk() {
  let readCount = 0;
  const read = (entry: number, offset: number, into: Uint8Array): number => {
    readCount += 1;
    const length = Math.min(into.length, Math.max(0, 10 - offset));
    into.fill(entry, 0, length);
    return length;
  };
  return { read, reads: () => readCount };
}

function readAll(kept: KeptVersions, entry: number, offset: number, bytes: number) {
  const into = new Uint8Array(bytes);
  return [kept.read(entry, offset, into), ...into];
}

test("what is kept is not read again", () => {
  const { read, reads } = disk();
  const kept = new KeptVersions({ read }, 100);
  const content = Uint8Array.of(1, 2, 3, 4, 5);
  kept.keep(7, content);
  content.fill(0); // memory of the reader, used for the next file
  expect(readAll(kept, 7, 0, 2)).toEqual([2, 1, 2]);
  expect(readAll(kept, 7, 3, 4)).toEqual([2, 4, 5, 0, 0]);
  expect(readAll(kept, 7, 9, 1)).toEqual([0, 0]);
  expect(reads()).toBe(0);
  expect(readAll(kept, 8, 8, 3)).toEqual([2, 8, 8, 0]);
  expect(reads()).toBe(1);
});

test("what was dropped is read again, and its room is free", () => {
  const { read, reads } = disk();
  const kept = new KeptVersions({ read }, 10);
  kept.keep(1, new Uint8Array(10).fill(41));
  kept.keep(2, new Uint8Array(1).fill(42)); // no room
  expect(readAll(kept, 1, 0, 1)).toEqual([1, 41]);
  expect(readAll(kept, 2, 0, 1)).toEqual([1, 2]);
  kept.drop(1);
  kept.drop(1);
  kept.keep(2, new Uint8Array(10).fill(42));
  expect(readAll(kept, 2, 0, 1)).toEqual([1, 42]);
  expect(readAll(kept, 1, 0, 1)).toEqual([1, 1]);
  expect(reads()).toBe(2);
});

test("an old version that is kept twice is the later one, and takes room once", () => {
  const kept = new KeptVersions({ read: disk().read }, 10);
  kept.keep(1, new Uint8Array(6).fill(41));
  kept.keep(1, new Uint8Array(9).fill(43));
  expect(readAll(kept, 1, 0, 1)).toEqual([1, 43]);
  kept.drop(1);
  kept.keep(2, new Uint8Array(10).fill(42));
  expect(readAll(kept, 2, 9, 1)).toEqual([1, 42]);
});
