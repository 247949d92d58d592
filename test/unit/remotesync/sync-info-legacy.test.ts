import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import type { ChunkInfo } from "../../../src/chunk/chunk.ts";
import { decodeLegacyChunks, encodeLegacyChunks } from "../../../src/remotesync/sync-info-legacy.ts";
import { failureOf, fileOf, streamOf } from "./exchange-parts.ts";

async function decode(bytes: Uint8Array, maxChunkCount = 100): Promise<[ChunkInfo[], unknown]> {
  const read: ChunkInfo[] = [];
  const failure = await failureOf(async () => {
    for await (const chunk of decodeLegacyChunks(streamOf(bytes), { maxChunkCount })) read.push(chunk);
  });
  return [read, failure];
}

describe("legacy chunk lists", () => {
  it("writes the example of the format", async () => {
    const { info } = await fileOf(["hello"]);
    expect(toHex(encodeLegacyChunks(info.chunks))).toBe(
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b98240a",
    );
  });

  it("gives what was whole before a stream was cut off", async () => {
    const { info } = await fileOf(["a", "x".repeat(70), "c"]);
    const bytes = encodeLegacyChunks(info.chunks);
    const ends = [0, 33, 67, 100];
    for (let length = 0; length <= bytes.length; length++) {
      const [read, failure] = await decode(bytes.subarray(0, length));
      expect(read).toEqual(info.chunks.slice(0, ends.filter((end) => end <= length).length - 1));
      expect(failure).toBe(ends.includes(length) ? "no failure" : "TRUNCATED");
    }
  });

  it("refuses sizes that no chunk has, and more entries than allowed", async () => {
    const id = "01".repeat(32);
    expect((await decode(fromHex(`${id}01`)))[1]).toBe("ILLEGAL_LENGTH");
    expect((await decode(fromHex(`${id}828010`)))[1]).toBe("ILLEGAL_LENGTH");
    expect((await decode(fromHex(`${id}ffffffffffffffffffff01`)))[1]).toBe("VARINT_OVERFLOW");
    expect((await decode(fromHex(`${id}00${id}00`), 2))[1]).toBe("no failure");
    expect((await decode(fromHex(`${id}00${id}00`), 1))[1]).toBe("LIMIT");
  });
});
