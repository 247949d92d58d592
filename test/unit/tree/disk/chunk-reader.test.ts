import fc from "fast-check";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ChunkInfo, type ChunkId } from "../../../../src/chunk/chunk.ts";
import { sha256 } from "../../../../src/chunk/digest.ts";
import { ChunkPlaces, ChunkReader } from "../../../../src/tree/disk/source/chunk-reader.node.ts";
import { noise } from "../../http/serving.ts";

describe("chunks that are read out of a file", () => {
  let folder: string;
  beforeAll(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "rsync-stream-reader-"));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /** A file of chunks with these contents, and what reads it. */
  function fileOf(contents: readonly Uint8Array[]) {
    const path = join(folder, "file");
    fs.writeFileSync(path, Buffer.concat(contents));
    const chunks: ChunkInfo[] = contents.map((bytes) => ({ id: sha256(bytes), size: bytes.length }));
    const fd = fs.openSync(path, "r");
    const reader = new ChunkReader(fd, new ChunkPlaces(chunks));
    return { path, chunks, reader, [Symbol.dispose]: () => fs.closeSync(fd) };
  }

  test("are those that were asked for, in that order, whichever and however often", () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 6000 }), fc.integer({ min: 1, max: 3 })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(), { maxLength: 60 }), (parts, picks) => {
        const contents = parts.map(([size, seed]) => noise(size, seed));
        using file = fileOf(contents);
        for (let round = 0; round < 2; round++) {
          const wanted = picks.map((pick) => (pick + round) % contents.length);
          const ids = wanted.map((number): ChunkId => file.chunks[number]!.id);
          const read = file.reader.read(ids);
          expect(read.length).toBe(ids.length);
          for (const [at, number] of wanted.entries())
            expect(Buffer.compare(read[at]!.bytes, contents[number]!)).toBe(0);
        }
      }),
    );
  });

  test("take one call where they lie beside each other, and a few where some are not wanted", () => {
    using file = fileOf(Array.from({ length: 100 }, (_, i) => noise(5000, i + 1)));
    const ids = file.chunks.map(({ id }) => id);
    const calls = vi.spyOn(fs, "readSync");
    try {
      file.reader.read(ids.toReversed());
      expect(calls.mock.calls.length).toBe(1);
      calls.mockClear();
      file.reader.read([ids[0]!, ids[2]!, ids[3]!, ids[50]!]);
      expect(calls.mock.calls.map((call) => (call as unknown[])[3])).toEqual([5000, 10_000, 5000]);
    } finally {
      calls.mockRestore();
    }
  });

  test("may be empty, and lie where the next one begins", () => {
    using file = fileOf([noise(0), noise(10)]);
    const ids = file.chunks.map(({ id }) => id);
    expect(file.reader.read(ids.toReversed()).map(({ bytes }) => bytes.length)).toEqual([10, 0]);
  });

  test("must be what the list says", () => {
    const contents = [noise(3000, 1), noise(3000, 2), noise(3000, 3)];
    using file = fileOf(contents);
    const ids = file.chunks.map(({ id }) => id);
    expect(() => file.reader.read([sha256(noise(1))])).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
    fs.truncateSync(file.path, 8999);
    expect(file.reader.read(ids.slice(0, 2)).length).toBe(2);
    expect(() => file.reader.read(ids)).toThrow(expect.objectContaining({ code: "CHANGED" }));
    fs.writeFileSync(file.path, Buffer.concat([contents[1]!, contents[0]!, contents[2]!]));
    expect(() => file.reader.read(ids)).toThrow(expect.objectContaining({ code: "CHANGED" }));
  });
});
