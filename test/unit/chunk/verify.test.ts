import { expect, test } from "vitest";
import { sha256 } from "../../../src/chunk/digest.ts";
import { chunkOf, copyOfChunk, verifyChunk } from "../../../src/chunk/verify.ts";

const bytes = Uint8Array.of(1, 2, 3);

test("a chunk is named by its digest and keeps its bytes", () => {
  const chunk = chunkOf(bytes);
  expect(chunk.id).toEqual(sha256(bytes));
  expect(chunk.bytes).toBe(bytes);
});

test("bytes become a chunk only under their own id", () => {
  const { id } = chunkOf(bytes);
  expect(verifyChunk(id, bytes).bytes).toBe(bytes);
  for (let bit = 0; bit < 256; bit++) {
    const other = id.slice();
    other[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => verifyChunk(other, bytes)).toThrow(expect.objectContaining({ code: "UNEXPECTED_CHUNK" }));
  }
  for (const short of [id.subarray(0, 31), new Uint8Array()]) {
    expect(() => verifyChunk(short, bytes)).toThrow(expect.objectContaining({ code: "UNEXPECTED_CHUNK" }));
  }
});

test("a copy of a chunk is one, also of a Buffer, whose slices are none", () => {
  const bytes = Buffer.from("abc");
  const { id } = chunkOf(bytes);
  const copy = copyOfChunk(verifyChunk(Buffer.from(id), bytes));
  bytes.fill(0);
  expect(verifyChunk(copy.id, copy.bytes)).toEqual(copy);
});
