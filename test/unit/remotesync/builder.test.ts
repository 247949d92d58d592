import { pipe } from "it-pipe";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { SyncError } from "../../../src/errors.ts";
import { type BuilderOptions, type BuildProgress, createBuilder } from "../../../src/remotesync/builder.ts";
import { encodeChunk } from "../../../src/remotesync/chunk-stream.ts";
import { randomPermutation } from "../../../src/remotesync/permutation.ts";
import { writeChunkData } from "../../../src/remotesync/sender.ts";
import { emptyId, type SyncInfo } from "../../../src/remotesync/sync-info.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import type { Bytes } from "../../../src/types.ts";
import {
  collect,
  countPins,
  failureOf,
  fileOf,
  silentStream,
  storeOf,
  streamOf,
  textChunk,
} from "./exchange-parts.ts";

/** Twenty chunks, some of them more than once, far apart. */
const many = [..."abcdefghijaklmnoabpa"];
const perm5 = [3, 4, 2, 1, 0];

async function build(
  info: SyncInfo,
  store: Store,
  chunkStream: AsyncIterable<Bytes>,
  options: BuilderOptions = {},
): Promise<{ bytes: string; failure: unknown }> {
  const blocks: Bytes[] = [];
  const builder = createBuilder(info, store, options);
  const failure = await failureOf(async () => {
    for await (const block of builder.build(chunkStream)) blocks.push(block);
  });
  return { bytes: new TextDecoder().decode(concatBytes(blocks)), failure };
}

function frames(...texts: string[]): Bytes {
  return concatBytes(texts.map((text) => encodeChunk(textChunk(text).bytes)));
}

describe("createBuilder", () => {
  it("joins with a sender by it-pipe, whatever the window", async () => {
    for (const perm of [[0], [1, 0], perm5, randomPermutation(40, (limit) => limit >> 1)]) {
      for (const windowCount of [0, 1, 7, 8, 9, 16, 1000]) {
        const { info, store, bytes } = await fileOf(many, perm);
        const target = countPins(await storeOf(["b", "z"]));
        const builder = createBuilder(info, target, { windowCount });
        const sender = (wishlist: AsyncIterable<Bytes>) => writeChunkData(info, store, wishlist);
        const file = await pipe(builder.wishlist, sender, builder.build, collect);
        expect(file).toEqual(bytes);
        expect(target.pinCount).toBe(0);
      }
    }
  });

  it("flaw 9: finishes with every window when the two streams are driven apart", async () => {
    for (const windowCount of [0, 1, 6, 7, 8]) {
      const { info, store, bytes } = await fileOf(many, perm5);
      const builder = createBuilder(info, memoryStore(), { windowCount });
      const { readable, writable } = new TransformStream<Bytes, Bytes>();
      const writer = writable.getWriter();
      const sending = (async () => {
        for await (const byte of builder.wishlist) await writer.write(byte);
        await writer.close();
      })();
      expect(await collect(builder.build(writeChunkData(info, store, readable)))).toEqual(bytes);
      await sending;
    }
  });

  it("lets the wishlist run ahead as far as the window and no further", async () => {
    const { info } = await fileOf(Array.from({ length: 100 }, (_, i) => `chunk ${i}`));
    const builder = createBuilder(info, memoryStore(), { windowCount: 24 });
    const wishlist = builder.wishlist[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) expect((await wishlist.next()).value).toEqual(Uint8Array.of(0xff));
    let arrived = false;
    const fourth = wishlist.next().then(() => (arrived = true));
    await new Promise((resolve) => setTimeout(resolve));
    expect(arrived).toBe(false);
    const chunks = Array.from({ length: 8 }, (_, i) => frames(`chunk ${i}`));
    const building = builder.build(silentStream(...chunks));
    for (let i = 0; i < 8; i++) await building.next();
    await fourth;
    builder.close();
  });

  it("tells the result and the progress", async () => {
    const { info, bytes } = await fileOf(["a", "", "bb", "a"]);
    const seen: BuildProgress[] = [];
    const builder = createBuilder(info, await storeOf(["bb"]), {
      onProgress: (progress) => seen.push(progress),
    });
    const building = builder.build(streamOf(frames("a")));
    let step = await building.next();
    while (step.done !== true) step = await building.next();
    expect(step.value).toEqual({ key: sha256(bytes), doneBytes: 4, totalBytes: 4, receivedBytes: 1 });
    expect(seen.map(({ doneBytes }) => doneBytes)).toEqual([1, 1, 3, 4]);
  });

  it("keeps what it received in the store, also when it fails", async () => {
    const { info } = await fileOf(["a", "b"]);
    const store = memoryStore();
    expect((await build(info, store, streamOf(frames("a")))).failure).toBe("TRUNCATED");
    expect(await store.has(textChunk("a").id)).toBe(true);
    expect(await build(info, store, streamOf(frames("b")))).toEqual({ bytes: "ab", failure: "no failure" });
  });

  it("is used once", async () => {
    const { info } = await fileOf(["a"]);
    const builder = createBuilder(info, memoryStore());
    builder.wishlist[Symbol.asyncIterator]();
    expect(await failureOf(() => builder.wishlist[Symbol.asyncIterator]())).toBe("STATE");
    await collect(builder.build(streamOf(frames("a"))));
    expect(await failureOf(() => builder.build(streamOf()).next())).toBe("STATE");
  });
});

describe("what the sender does wrong", () => {
  it.each([
    ["nothing comes", [], "TRUNCATED", ""],
    ["the second is missing", [frames("a")], "TRUNCATED", "a"],
    ["the second is cut off", [frames("a"), fromHex("0462")], "TRUNCATED", "a"],
    ["they are swapped", [frames("bb", "a")], "UNEXPECTED_CHUNK", ""],
    ["the first comes twice", [frames("a", "a", "bb")], "UNEXPECTED_CHUNK", "a"],
    ["one comes behind the last", [frames("a", "bb", "a")], "UNSOLICITED", "abbbba"],
    ["an empty one comes behind the last", [frames("a", "bb", "")], "UNSOLICITED", "abbbba"],
    ["flaw 5: the one behind the last is cut off", [frames("a", "bb"), fromHex("04")], "TRUNCATED", "abbbba"],
    ["a length is negative", [fromHex("01")], "ILLEGAL_LENGTH", ""],
    ["a length is too large", [fromHex("828010")], "ILLEGAL_LENGTH", ""],
    ["a length overflows", [fromHex("ffffffffffffffffffffff")], "VARINT_OVERFLOW", ""],
    [
      "flaw 8: an error page comes instead",
      [new TextEncoder().encode("404 page not found, and neither is what you came for")],
      "UNEXPECTED_CHUNK",
      "",
    ],
  ])("%s", async (_, blocks, code, beginning) => {
    const { info } = await fileOf(["a", "bb", "bb", "a"]);
    const store = countPins(memoryStore());
    const result = await build(info, store, streamOf(...blocks));
    expect(result.failure).toBe(code);
    expect(result.bytes).toBe(beginning);
    expect(store.pinCount).toBe(0);
  });

  it("any flipped bit of a chunk is refused, and nothing of it is stored", async () => {
    const { info } = await fileOf(["x".repeat(50)]);
    const whole = frames("x".repeat(50));
    for (let bit = 8; bit < 8 * whole.length; bit++) {
      const damaged = whole.slice();
      damaged[bit >> 3]! ^= 0x80 >> (bit & 7);
      const store = memoryStore();
      expect(await build(info, store, streamOf(damaged))).toEqual({ bytes: "", failure: "UNEXPECTED_CHUNK" });
      expect((await store.list()[Symbol.asyncIterator]().next()).done).toBe(true);
    }
  });

  it("a chunk of another size than announced is refused", async () => {
    const { info } = await fileOf(["hello"]);
    for (const delta of [-1, 1]) {
      const wrong = { ...info, chunks: info.chunks.map(({ id, size }) => ({ id, size: size + delta })) };
      expect((await build(wrong, memoryStore(), streamOf(frames("hello")))).failure).toBe("UNEXPECTED_CHUNK");
    }
  });

  it("an error of the stream arrives as PEER_GONE", async () => {
    const { info } = await fileOf(["a", "b"]);
    async function* broken(): AsyncGenerator<Bytes, void, undefined> {
      yield frames("a");
      throw new Error("ECONNRESET");
    }
    expect(await build(info, memoryStore(), broken())).toEqual({ bytes: "a", failure: "PEER_GONE" });
  });
});

describe("flaws of the reference", () => {
  it("flaw 1: a failed wishlist is not the end of the file", async () => {
    const { info } = await fileOf(many);
    for (const readBytes of [0, 1, 2]) {
      const store = countPins(await storeOf(many.slice(0, 10)));
      const builder = createBuilder(info, store, { windowCount: 16 });
      const wishlist = builder.wishlist[Symbol.asyncIterator]();
      const building = builder.build(silentStream());
      for (let i = 0; i < readBytes; i++) {
        await wishlist.next();
        await building.next();
      }
      await wishlist.return!();
      expect(await failureOf(() => collect(building))).toBe("ABORTED");
      expect(store.pinCount).toBe(0);
    }
  });

  it("flaw 1: closing it is not the end of the file", async () => {
    const { info } = await fileOf(many);
    const builder = createBuilder(info, await storeOf(many));
    const building = builder.build(streamOf());
    await building.next();
    builder.close();
    builder.close();
    expect(await failureOf(() => collect(building))).toBe("ABORTED");
  });

  it("flaw 2: a chunk that comes up again later is held until then", async () => {
    const { info, bytes } = await fileOf(many);
    const distinct = [...new Set(many)];
    const chargeBytes = 113;
    const roomy = memoryStore({ capacityBytes: distinct.length * chargeBytes });
    expect((await build(info, roomy, streamOf(frames(...distinct)))).bytes).toBe(
      new TextDecoder().decode(bytes),
    );
    const tight = memoryStore({ capacityBytes: 2 * chargeBytes });
    expect((await build(info, tight, streamOf(frames(...distinct)))).failure).toBe("NO_SPACE");
    const { info: once } = await fileOf(distinct);
    const fresh = memoryStore({ capacityBytes: 2 * chargeBytes });
    expect((await build(once, fresh, streamOf(frames(...distinct)))).bytes).toBe(distinct.join(""));
  });

  it("flaw 2: a chunk that the store lost all the same is an error", async () => {
    const { info } = await fileOf(["a", "b"]);
    const store = await storeOf(["a", "b"]);
    const lossy: Store = { ...store, pin: async (id) => ({ ...(await store.pin(id)), release() {} }) };
    const builder = createBuilder(info, { ...lossy, get: memoryStore().get });
    expect(await failureOf(() => collect(builder.build(streamOf())))).toBe("CHUNK_MISSING");
    const forgetful: Store = { ...memoryStore(), pin: async () => undefined };
    expect((await build(info, forgetful, streamOf(frames("a", "b")))).failure).toBe("CHUNK_MISSING");
  });

  it("flaw 3: a permutation that is none is refused", async () => {
    const { info } = await fileOf(["a", "b"], [1, 1]);
    expect(await failureOf(() => createBuilder(info, memoryStore()))).toBe("BAD_PERMUTATION");
  });

  it("flaw 4: the size of a chunk that is present is compared", async () => {
    const { info } = await fileOf(["hello"]);
    const wrong = { ...info, chunks: info.chunks.map(({ id, size }) => ({ id, size: size + 1 })) };
    const store = await storeOf(["hello"]);
    expect(await build(wrong, store, streamOf())).toEqual({ bytes: "", failure: "UNEXPECTED_CHUNK" });
  });

  it("flaw 4: so is the size of one that is announced twice in different ways", async () => {
    const { info } = await fileOf(["a", "a"]);
    const wrong = { ...info, chunks: info.chunks.map(({ id, size }, i) => ({ id, size: size + i })) };
    const result = await build(wrong, memoryStore(), streamOf(frames("a")));
    expect(result).toEqual({ bytes: "a", failure: "UNEXPECTED_CHUNK" });
  });

  it("flaw 6: the empty chunk with a size is refused", async () => {
    const info = { chunks: [{ id: emptyId, size: 9 }], perm: [0] };
    expect(await failureOf(() => createBuilder(info, memoryStore()))).toBe("BAD_SYNCINFO");
  });

  it("flaw 7: the file is compared with the key that was expected", async () => {
    const { info, bytes } = await fileOf(["a", "b"]);
    const stream = () => streamOf(frames("a", "b"));
    const right = { expectedKey: sha256(bytes) };
    const wrong = { expectedKey: sha256(bytes.subarray(1)) };
    expect((await build(info, memoryStore(), stream(), right)).failure).toBe("no failure");
    expect((await build(info, memoryStore(), stream(), wrong)).failure).toBe("CORRUPT");
  });

  it("tells the digest of the whole, unless nobody wants it and nothing is expected", async () => {
    const { info, bytes } = await fileOf(["a", "b"]);
    const keys: unknown[] = [];
    const expectedKey = sha256(bytes);
    for (const options of [{}, { wantsKey: false }, { wantsKey: false, expectedKey }]) {
      const building = createBuilder(info, memoryStore(), options).build(streamOf(frames("a", "b")));
      let step = await building.next();
      while (step.done !== true) step = await building.next();
      keys.push(step.value.key);
    }
    expect(keys).toEqual([expectedKey, undefined, expectedKey]);
  });

  it("flaws 9 and 11: every wait ends when it is aborted, and all is let go", async () => {
    const { info } = await fileOf(many);
    const controller = new AbortController();
    const store = countPins(await storeOf(["b", "c"]));
    const builder = createBuilder(info, store, { signal: controller.signal, windowCount: 8 });
    const wishlist = builder.wishlist[Symbol.asyncIterator]();
    await wishlist.next();
    const stream = silentStream();
    const wishing = failureOf(() => wishlist.next());
    const building = failureOf(() => builder.build(stream).next());
    await new Promise((resolve) => setTimeout(resolve));
    controller.abort("enough");
    expect(await wishing).toBe("enough");
    expect(await building).toBe("enough");
    expect(stream.closedCount).toBe(1);
    expect(store.pinCount).toBe(0);
  });

  it("flaw 9: stopping the file stops the wishlist", async () => {
    const { info } = await fileOf(many);
    const store = countPins(await storeOf(many));
    const builder = createBuilder(info, store, { windowCount: 8 });
    const stream = silentStream();
    const building = builder.build(stream);
    await building.next();
    await building.return(undefined as never);
    expect(await failureOf(() => builder.wishlist[Symbol.asyncIterator]().next())).toBe("ABORTED");
    expect(stream.closedCount).toBe(1);
    expect(store.pinCount).toBe(0);
  });

  it("a signal that is aborted already starts nothing", async () => {
    const { info } = await fileOf(["a"]);
    const options = { signal: AbortSignal.abort("never") };
    expect((await build(info, memoryStore(), streamOf(frames("a")), options)).failure).toBe("never");
  });

  it("flaw 1: a store that fails ends both halves with its error", async () => {
    const { info } = await fileOf(many);
    const failing: Store = {
      ...memoryStore(),
      pin: () => Promise.reject(new SyncError("IO", "disk on fire")),
    };
    for (const first of ["wishlist", "build"]) {
      const builder = createBuilder(info, failing);
      const wishing = () => failureOf(() => collect(builder.wishlist));
      const building = () => failureOf(() => collect(builder.build(streamOf())));
      const halves = first === "wishlist" ? [wishing, building] : [building, wishing];
      for (const half of halves) expect(await half()).toBe("IO");
    }
  });

  it("a pin that arrives after the end is let go", async () => {
    const { info } = await fileOf(["a"]);
    const store = countPins(await storeOf(["a"]));
    let proceed = (): void => {};
    const slow: Store = {
      ...store,
      pin: async (id) => {
        await new Promise<void>((resolve) => (proceed = resolve));
        return store.pin(id);
      },
    };
    const builder = createBuilder(info, slow);
    const next = failureOf(() => builder.wishlist[Symbol.asyncIterator]().next());
    builder.close();
    proceed();
    expect(await next).toBe("ABORTED");
    expect(store.pinCount).toBe(0);
  });

  it("takes the answer of the whole wishlist after the file was built from what is here", async () => {
    const { info, bytes } = await fileOf(many);
    const builder = createBuilder(info, await storeOf(many), { windowCount: 8 });
    expect(await collect(builder.build(streamOf()))).toEqual(bytes);
    expect(toHex(await collect(builder.wishlist))).toBe("000000");
  });
});
