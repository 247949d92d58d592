import { describe, expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { compressedCoding } from "../../../src/casync/chunk-coding.ts";
import { nodeCompressor } from "../../../src/casync/compressor.node.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import {
  encodeChunk,
  encodeHello,
  encodeMessage,
  messageTypes as types,
} from "../../../src/casync/protocol.ts";
import { pushIndex } from "../../../src/casync/push-index.ts";
import { type PushTarget, servePush } from "../../../src/casync/serve-push.ts";
import { storedChunk } from "../../../src/casync/stored-chunks.ts";
import { SyncError } from "../../../src/errors.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { channelOf, type ByteChannel } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Bytes } from "../../../src/types.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { collect, inBlocks } from "./vectors.ts";

const coding = compressedCoding(nodeCompressor);
const sizes = { minBytes: 1024, averageBytes: 4096, maxBytes: 16_384 };
const blob = concatBytes([xorshiftBytes(5, 300_000), xorshiftBytes(5, 300_000)]);
const storeOf = () => memoryStore();

async function made() {
  const store = storeOf();
  const index = concatBytes(await collect(makeIndex(inBlocks(blob), { sizes, store })));
  return { store, index, stored: (id: Bytes) => storedChunk(store, id, coding) };
}

/** A target in memory, and what it has kept. */
function target() {
  const store = storeOf();
  const kept: Bytes[] = [];
  const keep = async (content: AsyncIterable<Bytes>) => void kept.push(concatBytes(await collect(content)));
  const lasting = { ...store, close: async () => {}, [Symbol.asyncDispose]: async () => {} };
  return {
    store,
    kept,
    taken: { store: () => lasting, index: keep, archive: keep, coding } satisfies PushTarget,
  };
}

test("an index and the chunks that are missing are pushed, each once", async () => {
  const { index, stored, store } = await made();
  const { kept, store: there, taken } = target();
  const push = async (): Promise<number> => {
    const [here, far] = duplexPair();
    const [count] = await Promise.all([
      pushIndex(channelOf(here), { index: inBlocks(index, 5000), stored }),
      servePush(channelOf(far), taken),
    ]);
    return count;
  };
  const count = (await collect(store.list())).length;
  expect(await push()).toBe(count);
  expect((await collect(there.list())).length).toBe(count);
  expect(Buffer.compare(kept[0]!, index)).toBe(0);
  expect(await push()).toBe(0);
});

test("a chunk that was answered is not asked for again before it is stored", async () => {
  const { index, stored, store } = await made();
  const { store: there, taken } = target();
  const slow = {
    ...taken.store(),
    async put(...given: Parameters<typeof there.put>) {
      await new Promise((resolve) => setImmediate(resolve)); // answers come before
      await there.put(...given);
    },
  };
  const [here, far] = duplexPair();
  const [count] = await Promise.all([
    pushIndex(channelOf(here), { index: inBlocks(index), stored }),
    servePush(channelOf(far), { ...taken, store: () => slow }),
  ]);
  expect(count).toBe((await collect(store.list())).length);
});

test("an index of which a chunk is missing is not kept", async () => {
  const { index, stored } = await made();
  const { kept, taken } = target();
  const [here, far] = duplexPair();
  let askedCount = 0;
  const lacking = async (id: Bytes) => (++askedCount === 7 ? undefined : stored(id));
  const [pushed, served] = await Promise.allSettled([
    pushIndex(channelOf(here), { index: inBlocks(index), stored: lacking }),
    servePush(channelOf(far), taken),
  ]);
  expect(pushed).toMatchObject({ reason: { code: "CHUNK_MISSING" } });
  expect(served).toMatchObject({ reason: { code: "NOT_FOUND" } });
  expect(kept).toEqual([]);
});

test("who has all may go before the end of the index was said, and nobody earlier", async () => {
  const { index, stored } = await made();
  const pushing = (gone: bigint) => {
    const far = saying(encodeHello(0xan), encodeMessage(types.goodbye));
    const write = async (bytes: Bytes): Promise<void> => {
      if (new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true) === gone)
        throw new SyncError("PEER_GONE", "the stream is closed");
    };
    return pushIndex({ ...far, write }, { index: inBlocks(index), stored });
  };
  expect(await pushing(types.indexEof)).toBe(0);
  await expect(pushing(types.index)).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("an archive is kept when all of it has come", async () => {
  const { kept, taken } = target();
  const archive = xorshiftBytes(6, 100_000);
  const words = [
    encodeHello(0x1000n),
    encodeMessage(types.archive, archive.subarray(0, 65_536)),
    encodeMessage(types.archive, archive.subarray(65_536)),
  ];
  await expect(servePush(saying(...words), taken)).rejects.toMatchObject({ code: "PEER_GONE" });
  // Whoever writes a file of it throws it away then: the content has failed.
  kept.length = 0;
  const channel = saying(...words, encodeMessage(types.archiveEof));
  await servePush(channel, taken);
  expect(Buffer.compare(kept[0]!, archive)).toBe(0);
  expect(channel.output).toEqual([encodeHello(0x2an), encodeMessage(types.goodbye)]);
});

/** A peer that says this, whatever it hears. */
function saying(...messages: readonly Bytes[]): ByteChannel & { readonly output: Bytes[] } {
  const output: Bytes[] = [];
  return {
    output,
    read: () => inBlocks(concatBytes(messages), 1000),
    write: async (bytes) => void output.push(bytes),
    end: async () => {},
    abort: () => {},
  };
}

describe("refused is", async () => {
  const { index, stored } = await made();
  const pieces = [encodeHello(0xe00n), encodeMessage(types.index, index), encodeMessage(types.indexEof)];
  const wrong = encodeChunk(index.subarray(72, 104), coding.encode(new Uint8Array(9)));
  test.each([
    ["who pushes chunks alone", [encodeHello(0x200n)], "UNSUPPORTED"],
    ["who says no HELLO", [encodeMessage(types.indexEof)], "BAD_MESSAGE"],
    [
      "an index that is none",
      [pieces[0]!, encodeMessage(types.index, xorshiftBytes(1, 200)), pieces[2]!],
      "BAD_MESSAGE",
    ],
    [
      "an index that ends early",
      [pieces[0]!, encodeMessage(types.index, index.subarray(0, 200)), pieces[2]!],
      "TRUNCATED",
    ],
    ["an index without an end", pieces.slice(0, 2), "PEER_GONE"],
    ["an empty piece", [pieces[0]!, encodeMessage(types.index)], "BAD_MESSAGE"],
    ["a chunk of another content", [...pieces, wrong], "CORRUPT"],
    ["who sends no chunk", pieces, "PEER_GONE"],
    [
      "who asks in the place of an answer",
      [...pieces, encodeMessage(types.request, new Uint8Array(40))],
      "BAD_MESSAGE",
    ],
  ] as const)("%s", async (_, words, code) => {
    const { kept, taken } = target();
    await expect(servePush(saying(...words), taken)).rejects.toMatchObject({ code });
    expect(kept).toEqual([]);
  });

  test.each([
    ["a far end that takes none", [encodeHello(1n)], "UNSUPPORTED"],
    ["one that goes", [encodeHello(0xan)], "PEER_GONE"],
    [
      "one that answers",
      [encodeHello(0xan), encodeMessage(types.missing, new Uint8Array(32))],
      "BAD_MESSAGE",
    ],
  ] as const)("%s", async (_, words, code) => {
    const pushed = pushIndex(saying(...words), { index: inBlocks(index), stored });
    await expect(pushed).rejects.toMatchObject({ code });
  });
});
