import { describe, expect, it } from "vitest";
import { maxCafsChunkBytes } from "../../../src/bytes/varint.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import {
  boundsOf,
  checkSyncInfo,
  emptyId,
  fileBytes,
  isEmptyId,
  shuffleSyncInfo,
  type SyncInfo,
  syncInfoOf,
} from "../../../src/remotesync/sync-info.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { failureOf, fileOf, streamOf, textChunk } from "./exchange-parts.ts";

const { id } = textChunk("a");

function infoOf(...sizes: number[]): SyncInfo {
  return { chunks: sizes.map((size) => ({ id, size })), perm: [0] };
}

describe("checkSyncInfo", () => {
  it.each([-1, 1.5, Number.NaN, 1e308, maxCafsChunkBytes + 1, "5" as unknown as number])(
    "refuses a chunk of size %s",
    async (size) => {
      expect(await failureOf(() => checkSyncInfo(infoOf(1, size)))).toBe("BAD_SYNCINFO");
    },
  );

  it("takes sizes up to the longest chunk", () => {
    checkSyncInfo(infoOf(0, 1, maxCafsChunkBytes - 1, maxCafsChunkBytes));
  });

  it.each([0, 31, 33])("refuses an id of %i bytes", async (length) => {
    const info = { chunks: [{ id: new Uint8Array(length), size: 1 }], perm: [0] };
    expect(await failureOf(() => checkSyncInfo(info))).toBe("BAD_SYNCINFO");
  });

  it("flaw 6: refuses a size for the chunk that has none", async () => {
    const info = { chunks: [{ id: emptyId, size: 1 }], perm: [0] };
    expect(await failureOf(() => checkSyncInfo(info))).toBe("BAD_SYNCINFO");
  });

  it("flaw 18: limits the number of chunks and the size of the file", async () => {
    const info = infoOf(100, 100, 100);
    checkSyncInfo(info, { maxChunkCount: 3, maxFileBytes: 300 });
    expect(await failureOf(() => checkSyncInfo(info, { maxChunkCount: 2 }))).toBe("LIMIT");
    expect(await failureOf(() => checkSyncInfo(info, { maxFileBytes: 299 }))).toBe("LIMIT");
  });

  it("lets the text be longer where the list may be, and never longer than the engine can hold", () => {
    const { maxChunkCount, maxJsonBytes } = boundsOf({});
    expect({ maxChunkCount, maxJsonBytes }).toEqual({ maxChunkCount: 2 ** 20, maxJsonBytes: 2 ** 27 });
    expect(boundsOf({ maxChunkCount: 10 }).maxJsonBytes).toBe(maxJsonBytes);
    expect(boundsOf({ maxChunkCount: 2 ** 21 }).maxJsonBytes).toBe(2 ** 28);
    expect(boundsOf({ maxChunkCount: 2 ** 30 }).maxJsonBytes).toBeLessThan(2 ** 29 - 24);
    expect(boundsOf({ maxChunkCount: 2 ** 21, maxJsonBytes: 5 }).maxJsonBytes).toBe(5);
  });
});

describe("syncInfoOf", () => {
  it("describes no file of more chunks than anybody takes", async () => {
    const bytes = new Uint8Array(3 * maxCafsChunkBytes);
    expect((await syncInfoOf(streamOf(bytes), [0], { maxChunkCount: 3 })).chunks.length).toBe(3);
    expect(await failureOf(() => syncInfoOf(streamOf(bytes), [0], { maxChunkCount: 2 }))).toBe("LIMIT");
  });

  it("describes an empty file as one empty chunk", async () => {
    const info = await syncInfoOf(streamOf());
    expect(info).toEqual({ chunks: [{ id: emptyId, size: 0 }], perm: [0] });
    expect(isEmptyId(info.chunks[0]!.id)).toBe(true);
  });

  it("hands out the chunks in order and waits for each", async () => {
    const seen: Chunk[] = [];
    let busy = false;
    const bytes = xorshiftBytes(3, 100_000);
    const info = await syncInfoOf(streamOf(bytes), [1, 0], {
      onChunk: async (chunk) => {
        expect(busy).toBe(false);
        busy = true;
        await Promise.resolve();
        busy = false;
        seen.push(chunk);
      },
    });
    expect(info.chunks).toEqual(seen.map((chunk) => ({ id: chunk.id, size: chunk.bytes.length })));
    expect(fileBytes(info.chunks)).toBe(bytes.length);
    expect(info.chunks.length).toBeGreaterThan(3);
  });
});

describe("shuffleSyncInfo", () => {
  it("lists the chunks as they travel and keeps empty ones", async () => {
    const { info } = await fileOf(["A", "", "C", "D"], [2, 1, 0]);
    const { info: expected } = await fileOf(["", "A", "C", "D"]);
    expect(shuffleSyncInfo(info)).toEqual(expected);
  });
});
