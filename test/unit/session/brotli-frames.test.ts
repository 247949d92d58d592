import { expect, test } from "vitest";
import { brotli, hasBrotli, unbrotli } from "../../../src/bytes/brotli.ts";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { isSyncError } from "../../../src/errors.ts";
import { FrameReader, FrameWriter, preamble, type Squeeze } from "../../../src/session/frame.ts";
import { frameTypes } from "../../../src/session/frame-types.ts";
import { encodeHello } from "../../../src/session/hello.ts";
import { sendTree } from "../../../src/session/send.ts";
import { encodeFileAnswers } from "../../../src/session/wishes.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../../src/types.ts";
import { unless } from "../../obstacles.ts";

const here = unless(hasBrotli ? undefined : "there is no Brotli here");

/** Lines of a few words, of which no two are alike. */
const text = seededBytes(1, 200_000).map((byte, i) => (i % 40 === 0 ? 10 : 97 + (byte % 16))) as Bytes;

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (isSyncError(thrown)) return thrown.code;
    throw thrown;
  }
  return "taken";
}

/** A frame as it travels behind a first one, and what is read of it. */
function travel(payload: Bytes, squeeze: Squeeze): { readonly body: Bytes; readonly read: Bytes } {
  const writer = new FrameWriter();
  const reader = new FrameReader();
  const first = writer.write("PING", new Uint8Array(1), "none");
  const [head, body] = writer.write("DELTA", payload, squeeze);
  const frames = [...reader.read(concatBytes([preamble, ...first, head, body]))];
  return { body, read: frames.at(-1)!.payload };
}

/** True when a frame that is compressed says that Brotli did it. */
const isBrotli = (body: Bytes): boolean => body[0]! >= 0x80;

here.test("what is compressed comes back", () => {
  for (const bytes of [new Uint8Array(0), text, new Uint8Array(1 << 20), seededBytes(2, 70_000) as Bytes])
    expect(unbrotli(brotli(bytes), bytes.length)).toEqual(bytes);
});

here.test.each([
  ["cut off", (packed: Bytes) => packed.subarray(0, -1), text.length],
  ["damaged", (packed: Bytes) => packed.map((byte, i) => (i < 20 ? 0xff : byte)), text.length],
  ["longer than declared", (packed: Bytes) => packed, text.length - 1],
  ["shorter than declared", (packed: Bytes) => packed, text.length + 1],
  ["nothing", () => new Uint8Array(0), 5],
  ["a bomb", () => brotli(new Uint8Array(1 << 26)), 1000],
])("compressed data that is %s is refused", (_, change, sizeBytes) => {
  expect(codeOf(() => unbrotli(change(brotli(text)) as Bytes, sizeBytes))).toBe("BAD_MESSAGE");
});

here.test("long frames are compressed with Brotli where that is agreed, and read again", () => {
  const [small, long] = [text.subarray(0, 60_000), text];
  for (const [payload, squeeze, expected] of [
    [long, "brotli", true],
    [small, "brotli", false],
    [long, "control", false],
    [long, "content", false],
  ] as const) {
    const { body, read } = travel(payload, squeeze);
    expect(isBrotli(body)).toBe(expected);
    expect(body.length).toBeLessThan(payload.length);
    expect(Buffer.compare(read, payload)).toBe(0);
  }
});

test("a frame that would expand to more than a frame can hold is refused, whoever compressed it", () => {
  for (const flag of [0, 0x80]) {
    const body = Uint8Array.of(flag | 0x10, 0, 1, 0, 0, 0);
    const head = Uint8Array.of(frameTypes.PUSH | 0x40, 0, 0, body.length);
    // The transcript covers no content.
    const check = sha256(concatBytes([sha256(preamble), head])).subarray(0, 4);
    const reader = new FrameReader();
    expect(codeOf(() => [...reader.read(concatBytes([preamble, head, check, body]))])).toBe("LIMIT");
  }
});

test("a first frame, a HELLO and an ERROR are not longer when they are decoded either", () => {
  const payload = new Uint8Array(4097);
  for (const type of ["PING", "HELLO", "ERROR"] as const) {
    const writer = new FrameWriter();
    const first = type === "PING" ? [] : writer.write("PING", new Uint8Array(1), "none");
    const frame = writer.write(type, payload, "control");
    expect(frame[1].length).toBeLessThan(100);
    const stream = concatBytes([preamble, ...first, ...frame]);
    expect(
      codeOf(() => [...new FrameReader().read(stream)]),
      type,
    ).toBe("LIMIT");
  }
});

/** The body of the first PUSH frame that goes to a receiver with these compressions. */
async function pushedTo(compressions: readonly string[]): Promise<Bytes> {
  const [left, right] = duplexPair();
  const source = memorySource(memoryDir({ file: memoryFile(text) }));
  const unhurried = { helloMs: 0, stallMs: 0 };
  const sending = sendTree(source, right, unhurried);
  sending.catch(() => {});
  const channel = channelOf(left);
  const writer = new FrameWriter();
  const hello = encodeHello({
    role: "receiver",
    digests: ["sha-256"],
    cutters: ["fastcdc"],
    compressions,
    windows: { entries: 1e6, chunks: 1e6, data: 1e6 },
    features: [],
    nonce: new Uint8Array(16),
  });
  await channel.write(concatBytes([preamble, ...writer.write("HELLO", hello, "none")]));
  const answer = encodeFileAnswers(["all"], [text.length]);
  let came: Bytes = new Uint8Array(0);
  let at = preamble.length;
  for await (const block of channel.read()) {
    came = concatBytes([came, block]);
    for (;;) {
      const end = at + 8 + ((came[at + 1]! << 16) | (came[at + 2]! << 8) | came[at + 3]!);
      if (came.length < at + 8 || came.length < end) break;
      const type = came[at]! & 0x3f;
      const body = came.slice(at + 8, end);
      at = end;
      if (type === frameTypes.ENTRIES)
        await channel.write(concatBytes(writer.write("WISH_FILES", answer, "none")));
      if (type !== frameTypes.PUSH) continue;
      await channel.end();
      await sending.catch(() => {});
      return body;
    }
  }
  throw new Error("nothing was pushed");
}

here.test("a receiver that knows Brotli gets it, and another one does not", async () => {
  const [old, pushed] = [await pushedTo(["deflate"]), await pushedTo(["deflate", "br"])];
  expect([isBrotli(old), isBrotli(pushed)]).toEqual([false, true]);
  expect(Buffer.compare(unbrotli(pushed.subarray(3), text.length), text)).toBe(0);
});
