import { describe, expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { compressedCoding } from "../../../src/casync/chunk-coding.ts";
import { nodeCompressor } from "../../../src/casync/compressor.node.ts";
import { encodeChunk, encodeHello, encodeMessage, messageTypes } from "../../../src/casync/protocol.ts";
import { pulledChunks } from "../../../src/casync/pulled-chunks.ts";
import { servePull } from "../../../src/casync/serve-pull.ts";
import { servePush } from "../../../src/casync/serve-push.ts";
import { storedChunk } from "../../../src/casync/stored-chunks.ts";
import { channelOf, type ByteChannel } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { casyncJson, casyncVector, collect, inBlocks } from "./vectors.ts";

const folder = new URL("../../vectors/casync/store/default.castr", import.meta.url).pathname;
const coding = compressedCoding(nodeCompressor);
const { chunks } = casyncJson<{ chunks: { id: string; size: number }[] }>("store/store.json");

const stored = (id: Uint8Array) => storedChunk(castrStore(folder), id, coding);

/** A channel that reads bytes and keeps what is written. */
function recorded(input: Uint8Array): ByteChannel & { readonly output: Uint8Array[] } {
  const output: Uint8Array[] = [];
  return {
    output,
    read: () => inBlocks(input, 7),
    write: async (bytes) => void output.push(bytes),
    end: async () => {},
    abort: () => {},
  };
}

interface Probe {
  readonly name: string;
  readonly serverArgs: readonly string[];
  readonly stdinHex: string;
  readonly exit: number;
  readonly stdoutHex: string;
}

const { serverProbes } = casyncJson<{ serverProbes: Probe[] }>("protocol.json");
// What the command line is asked for, and no store at all.
const spoken = serverProbes.filter(({ name }) => name !== "too-few-arguments" && name !== "nothing-offered");

test.each(spoken)("a server ends as that of casync: $name", async ({ stdinHex, exit, stdoutHex }) => {
  const channel = recorded(fromHex(stdinHex));
  const served = servePull(channel, { stored: async () => undefined });
  if (exit === 0) await served;
  else await expect(served).rejects.toHaveProperty("name", "SyncError");
  // casync begins with a HELLO, too.
  expect(toHex(channel.output[0]!)).toBe(stdoutHex.slice(0, 48));
});

test("messages are those that casync sends", () => {
  const id = new Uint8Array(32).fill(1);
  expect(toHex(encodeHello(0x40n))).toBe("1800000000000000eefba58c94d0713c4000000000000000");
  expect(toHex(encodeMessage(messageTypes.goodbye))).toBe("1000000000000000c386361abf5d20ad");
  expect(toHex(encodeMessage(messageTypes.missing, id))).toBe(`30000000000000006c7b2bc8faf910d0${toHex(id)}`);
  expect(toHex(encodeChunk(id, new Uint8Array(218)).subarray(0, 24))).toBe(
    "12010000000000008cbc840a18dd13520100000000000000",
  );
});

describe("a client and a server", () => {
  test("exchange chunks, many at a time, and what is missing", async () => {
    const [here, there] = duplexPair();
    const served = servePull(channelOf(there), { stored });
    const store = pulledChunks(channelOf(here), { coding });
    const found = await Promise.all(chunks.map(({ id }) => store.get(fromHex(id))));
    expect(found.map(({ bytes }) => bytes.length)).toEqual(chunks.map(({ size }) => size));
    await expect(store.get(new Uint8Array(32))).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await store.has(fromHex(chunks[0]!.id))).toBe(true);
    expect(await store.has(new Uint8Array(32))).toBe(false);
    await store.close();
    await served.catch(() => {}); // it may have heard the connection break behind the goodbye
    await expect(store.get(new Uint8Array(32))).rejects.toMatchObject({ code: "STATE" });
  });

  test("an index and an archive are sent when they are asked for", async () => {
    const index = casyncVector("store/blob.caibx");
    const wishes = concatBytes([encodeHello(0x180n), encodeMessage(messageTypes.goodbye)]);
    const channel = recorded(wishes);
    const archive = new Uint8Array(100_000).fill(9);
    await servePull(channel, { index: () => inBlocks(index), archive: () => inBlocks(archive) });
    const expected = concatBytes([
      encodeHello(0x14n),
      encodeMessage(messageTypes.index, index),
      encodeMessage(messageTypes.indexEof),
      encodeMessage(messageTypes.archive, archive.subarray(0, 65_536)),
      encodeMessage(messageTypes.archive, archive.subarray(65_536)),
      encodeMessage(messageTypes.archiveEof),
    ]);
    expect(Buffer.compare(concatBytes(channel.output), expected)).toBe(0);
  });
});

test("who offers nothing is told so", async () => {
  for (const serve of [
    servePull(recorded(encodeHello(1n)), {}),
    servePush(recorded(encodeHello(1n)), { coding }),
  ])
    await expect(serve).rejects.toMatchObject({ code: "USAGE" });
});

describe("a client refuses", () => {
  const id = fromHex(chunks[0]!.id);
  const hello = encodeHello(1n);
  test.each([
    [
      "who speaks something else",
      Buffer.from("Welcome to the machine, user! ".repeat(3)),
      /BAD_MESSAGE|LIMIT/,
    ],
    ["who offers nothing", encodeHello(4n), /UNSUPPORTED/],
    [
      "a chunk with another content",
      concatBytes([hello, encodeChunk(id, coding.encode(new Uint8Array(9)))]),
      /CORRUPT/,
    ],
    [
      "a message it did not ask for",
      concatBytes([hello, encodeMessage(messageTypes.indexEof)]),
      /BAD_MESSAGE/,
    ],
    ["who goes without an answer", hello, /PEER_GONE/],
    [
      "who gives up",
      concatBytes([hello, encodeMessage(messageTypes.abort, new Uint8Array(8), Buffer.from("why\0"))]),
      /UPSTREAM/,
    ],
    [
      "who ends in the middle",
      concatBytes([hello, encodeChunk(id, new Uint8Array(50))]).subarray(0, 60),
      /TRUNCATED/,
    ],
  ])("%s", async (_, answer, code) => {
    const store = pulledChunks(recorded(answer), { coding });
    await expect(store.get(id)).rejects.toMatchObject({ code: expect.stringMatching(code) as string });
    await store.close();
  });
});

test("a stored chunk is passed on as it is, and made anew in another form", async () => {
  const { id } = (await collect(castrStore(folder).kept()))[0]!;
  const asIs = await stored(id);
  expect(asIs).toEqual(castrStore(folder).stored(id, coding));
  const other = { ...coding, suffix: ".other" };
  expect(coding.decode((await storedChunk(castrStore(folder), id, other))!, 1_000_000)).toEqual(
    coding.decode(asIs!, 1_000_000),
  );
  expect(await stored(new Uint8Array(32))).toBeUndefined();
});
