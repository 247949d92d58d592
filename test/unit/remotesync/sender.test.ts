import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { type ChunkSource, type SendOptions, writeChunkData } from "../../../src/remotesync/sender.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { collect, countPins, failureOf, fileOf, silentStream, streamOf } from "./exchange-parts.ts";

const seven = ["a", "bb", "ccc", "dddd", "eeeee", "a", "ccc"];

async function send(
  texts: readonly string[],
  perm: readonly number[],
  wishlist: string,
  options: SendOptions = {},
): Promise<{ blocks: string[]; statuses: string; failure: unknown }> {
  const { info, store } = await fileOf(texts, perm);
  const blocks: string[] = [];
  const statuses: string[] = [];
  const failure = await failureOf(async () => {
    const onStatus: SendOptions["onStatus"] = ({ bytesToTransfer, bytesTransferred }) =>
      statuses.push(`${bytesToTransfer},${bytesTransferred}`);
    const stream = writeChunkData(info, store, streamOf(fromHex(wishlist)), { ...options, onStatus });
    for await (const block of stream) blocks.push(toHex(block));
  });
  return { blocks, statuses: statuses.join(" / "), failure };
}

describe("writeChunkData", () => {
  it("follows the example of the format, call by call", async () => {
    const { blocks, statuses, failure } = await send(seven, [2, 0, 1], "2e00", { bytesToTransfer: 17 });
    expect(failure).toBe("no failure");
    expect(blocks).toEqual(["0261", "06636363", "0864646464", "0a6565656565"]);
    expect(statuses).toBe("17,0 / 17,1 / 15,1 / 15,4 / 15,8 / 15,13 / 14,13 / 11,13");
  });

  it("starts from the size of the file", async () => {
    expect((await send(seven, [2, 0, 1], "2e00")).statuses).toMatch(/^19,0 .* 13,13$/u);
  });

  it("sends and tells the same from a source of runs, whatever is asked for and however it arrives", async () => {
    const texts = fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 40 });
    const wishes = fc.uint8Array({ maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.constantFrom([0], [2, 0, 1]),
        wishes,
        fc.boolean(),
        async (parts, perm, bits, split) => {
          const { info, store } = await fileOf(parts, perm);
          const outcomeOf = async (source: ChunkSource) => {
            const blocks: Uint8Array[] = [];
            const statuses: unknown[] = [];
            const pieces = split ? Array.from(bits, (byte) => Uint8Array.of(byte)) : [bits];
            const onStatus = (status: unknown) => void statuses.push(status);
            const failure = await failureOf(async () => {
              for await (const block of writeChunkData(info, source, streamOf(...pieces), { onStatus }))
                blocks.push(block.slice());
            });
            return { sent: Buffer.concat(blocks).toString("hex"), statuses, failure };
          };
          const getRun: ChunkSource["getRun"] = (ids) => Promise.all(ids.map((id) => store.get(id)));
          expect(await outcomeOf({ get: (id) => store.get(id), getRun })).toEqual(await outcomeOf(store));
        },
      ),
    );
  });

  it("puts runs one after the other into the same memory", async () => {
    const { info, store } = await fileOf(["a", "b", "c", "d", "e", "f", "g", "h", "i"], [0]);
    const getRun: ChunkSource["getRun"] = (ids) => Promise.all(ids.map((id) => store.get(id)));
    const wishlist = streamOf(Uint8Array.of(0xff), Uint8Array.of(0x80));
    const buffers = new Set<ArrayBufferLike>();
    const sent: string[] = [];
    for await (const block of writeChunkData(info, { get: (id) => store.get(id), getRun }, wishlist)) {
      buffers.add(block.buffer);
      sent.push(Buffer.from(block).toString("hex"));
    }
    expect(sent).toEqual(["02610262026302640265026602670268", "0269"]);
    expect(buffers.size).toBe(1);
  });

  it("says that a wishlist is too short after all that it asked for", async () => {
    const { blocks, failure } = await send(["a", "b", "c", "d", "e", "f", "g", "h", "i"], [0], "c0");
    expect(blocks).toEqual(["0261", "0262"]);
    expect(failure).toBe("WISHLIST_TOO_SHORT");
  });

  it("says that a wishlist is too long after all that it asked for", async () => {
    const { blocks, failure } = await send(["a"], [0], "8000");
    expect(blocks).toEqual(["0261"]);
    expect(failure).toBe("WISHLIST_TOO_LONG");
  });

  it("refuses a wish for a position without a chunk", async () => {
    const { blocks, failure } = await send(["a"], [1, 0], "80");
    expect([blocks, failure]).toEqual([[], "PLACEHOLDER_REQUESTED"]);
  });

  it("sends what is asked for twice twice", async () => {
    expect((await send(["a", "a"], [0], "c0")).blocks).toEqual(["0261", "0261"]);
  });

  it("flaw 12: has the empty chunk without a store", async () => {
    const { info } = await fileOf([""]);
    const stream = writeChunkData(info, memoryStore(), streamOf(Uint8Array.of(0x80)));
    expect(toHex((await stream.next()).value as Uint8Array)).toBe("00");
  });

  it("flaw 13: does not need chunks that nobody asks for", async () => {
    const { info } = await fileOf(["a", "b"]);
    const { store } = await fileOf(["b"]);
    const stream = writeChunkData(info, store, streamOf(Uint8Array.of(0x40)));
    expect(toHex((await stream.next()).value as Uint8Array)).toBe("0262");
  });

  it("fails when a chunk that was announced is gone", async () => {
    const { info } = await fileOf(["a"]);
    const stream = writeChunkData(info, memoryStore(), streamOf(Uint8Array.of(0x80)));
    expect(await failureOf(() => stream.next())).toBe("CHUNK_MISSING");
  });

  it("flaw 19: a wishlist that is cut short leaves no chunk held", async () => {
    const { info, store } = await fileOf(seven, [2, 0, 1]);
    const counted = countPins(store);
    for (const wishlist of ["", "20", "2e"]) {
      const stream = writeChunkData(info, counted, streamOf(fromHex(wishlist)));
      expect(await failureOf(() => collect(stream))).toBe("WISHLIST_TOO_SHORT");
    }
    expect(counted.pinCount).toBe(0);
    for (const { id } of info.chunks) await store.delete(id);
  });

  it("flaw 12: gives up waiting for a chunk when it is aborted", async () => {
    const { info } = await fileOf(["a"]);
    const controller = new AbortController();
    const waiting = {
      get: (_: Uint8Array, options?: { signal?: AbortSignal }) =>
        new Promise<never>((_, reject) => {
          options!.signal!.addEventListener("abort", () => reject(options!.signal!.reason));
        }),
    };
    const stream = writeChunkData(info, waiting, streamOf(Uint8Array.of(0x80)), {
      signal: controller.signal,
    });
    const next = failureOf(() => stream.next());
    await new Promise((resolve) => setTimeout(resolve));
    controller.abort("client left");
    expect(await next).toBe("client left");
  });

  it("flaw 11: a silent client does not hold it when it is aborted, and its stream is closed", async () => {
    const { info, store } = await fileOf(["a"]);
    const controller = new AbortController();
    const wishlist = silentStream();
    const next = failureOf(() => writeChunkData(info, store, wishlist, { signal: controller.signal }).next());
    await Promise.resolve();
    controller.abort("enough");
    expect(await next).toBe("enough");
    expect(wishlist.closedCount).toBe(1);
  });

  it("closes the wishlist when its reader stops", async () => {
    const { info, store } = await fileOf(["a", "b"]);
    const wishlist = silentStream(Uint8Array.of(0xc0));
    const stream = writeChunkData(info, store, wishlist);
    await stream.next();
    await stream.return();
    expect(wishlist.closedCount).toBe(1);
  });

  it("refuses a SyncInfo that must not be used", async () => {
    const { info, store } = await fileOf(["a"], [0, 0]);
    expect(await failureOf(() => writeChunkData(info, store, streamOf()).next())).toBe("BAD_PERMUTATION");
  });
});
