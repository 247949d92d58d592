import { expect, test } from "vitest";
import { idBytes } from "../../../src/chunk/chunk.ts";
import { idOfKey } from "../../../src/chunk/id-key.ts";
import { macDigest } from "../../../src/chunk/mac-digest.ts";
import { createPieceKernel } from "../../../src/chunk/piece-kernel.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);

test("an id is the MAC of its chunk, and zeros", () => {
  const digest = macDigest(key);
  const kernel = createPieceKernel(key);
  for (const size of [0, 1, 1024, 1025, 70_000]) {
    const bytes = seededBytes(size, size);
    kernel.buffer.set(bytes);
    kernel.update(0, size);
    const id = idOfKey(digest.keyOf(bytes));
    expect(id.subarray(0, digest.sizeBytes)).toEqual(kernel.digest());
    expect(id.subarray(digest.sizeBytes!)).toEqual(new Uint8Array(idBytes - digest.sizeBytes!));
  }
});

test("a chunk that is longer than the kernel's buffer has the MAC that docs/macs.md tells", () => {
  const twenty = new Uint8Array(20_000_000);
  const million = xorshiftBytes(1, 1_000_000);
  for (let at = 0; at < twenty.length; at += million.length) twenty.set(million, at);
  const id = idOfKey(macDigest(key).keyOf(twenty));
  expect(Buffer.from(id.subarray(0, 16)).toString("hex")).toBe("e2d116a22535678b9b2105514e00f029");
});

test("another key gives other ids", () => {
  const bytes = seededBytes(1, 5000);
  const other = macDigest(new Uint8Array(32).fill(9));
  expect(other.keyOf(bytes)).not.toBe(macDigest(key).keyOf(bytes));
});
