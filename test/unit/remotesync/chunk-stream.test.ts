import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { maxCafsChunkBytes } from "../../../src/bytes/varint.ts";
import { decodeChunks, encodeChunk } from "../../../src/remotesync/chunk-stream.ts";
import { failureOf, streamOf } from "./exchange-parts.ts";

async function decode(...blocks: Uint8Array[]): Promise<[string[], unknown]> {
  const chunks: string[] = [];
  const failure = await failureOf(async () => {
    for await (const chunk of decodeChunks(streamOf(...blocks))) chunks.push(toHex(chunk));
  });
  return [chunks, failure];
}

describe("chunk streams", () => {
  it("write the example of the format", () => {
    expect(toHex(encodeChunk(new TextEncoder().encode("hello")))).toBe("0a68656c6c6f");
    expect(toHex(encodeChunk(new Uint8Array(0)))).toBe("00");
  });

  it("carry chunks up to the longest", async () => {
    for (const size of [maxCafsChunkBytes - 1, maxCafsChunkBytes]) {
      const bytes = new Uint8Array(size).fill(7);
      expect(await decode(encodeChunk(bytes))).toEqual([[toHex(bytes)], "no failure"]);
    }
    const tooLong = new Uint8Array(maxCafsChunkBytes + 1);
    expect(await failureOf(() => encodeChunk(tooLong))).toBe("ILLEGAL_LENGTH");
  });

  it("do not mind where they are cut, and are refused when cut off", async () => {
    const parts = [Uint8Array.of(1, 2), new Uint8Array(0), new Uint8Array(200).fill(3)];
    const stream = concatBytes(parts.map(encodeChunk));
    const texts = parts.map(toHex);
    const ends = [0, 3, 4, stream.length];
    for (let at = 0; at <= stream.length; at++) {
      expect(await decode(stream.subarray(0, at), stream.subarray(at))).toEqual([texts, "no failure"]);
      const [chunks, failure] = await decode(stream.subarray(0, at));
      expect(chunks).toEqual(texts.slice(0, ends.filter((end) => end <= at).length - 1));
      expect(failure).toBe(ends.includes(at) ? "no failure" : "TRUNCATED");
    }
  });

  it("are refused for lengths that no chunk has", async () => {
    expect((await decode(fromHex("01")))[1]).toBe("ILLEGAL_LENGTH");
    expect((await decode(fromHex("828010")))[1]).toBe("ILLEGAL_LENGTH");
    expect((await decode(fromHex("ffffffffffffffffffff")))[1]).toBe("VARINT_OVERFLOW");
    expect(await decode(fromHex("8000820061"))).toEqual([["", "61"], "no failure"]);
  });
});
