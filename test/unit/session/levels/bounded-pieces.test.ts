import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test, vi } from "vitest";
import { Allowance } from "../../../../src/session/allowance.ts";
import { piecesFeature } from "../../../../src/session/hello.ts";
import { pieceTellingLimits } from "../../../../src/session/levels/pieces/piece-bounds.ts";
import { decodePieceGroups, encodePieceAnswers } from "../../../../src/session/levels/pieces/piece-codec.ts";
import type * as PiecedFiles from "../../../../src/session/levels/pieces/pieced-file.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { encodeFileAnswers } from "../../../../src/session/wishes.ts";
import { seededBytes } from "../../../../src/testing/random.ts";
import { channelOf } from "../../../../src/transport/channel.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../../src/tree/memory/memory-tree.ts";
import type { TreeSource } from "../../../../src/tree/source.ts";
import type { Bytes } from "../../../../src/types.ts";
import { PlayedPeer } from "../../../interop/played-peer.ts";

const MiB = 1 << 20;

/** Bytes of buffers that are still in use. */
function usedBufferBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().arrayBuffers;
}

/** Set to let a sender tell all of a file, whatever is answered. */
const isUnpaced = vi.hoisted(() => ({ value: false }));
vi.mock("../../../../src/session/levels/pieces/pieced-file.ts", async (importOriginal) => {
  const original = await importOriginal<typeof PiecedFiles>();
  const isFarAhead: typeof original.isFarAhead = (pieced) => !isUnpaced.value && original.isFarAhead(pieced);
  return { ...original, isFarAhead };
});

/**
 * A source of one long file, of which no byte exists before it is read.
 *
 * @param onRead told how far it was read
 */
function longSource(sizeBytes: number, onRead?: (offset: number) => void): TreeSource<string> {
  const common = { mode: 0o644, mtimeSec: 5, mtimeNsec: 0 };
  const unit = seededBytes(1, MiB);
  return {
    layout: "contents",
    async *entries() {
      const root = { depth: 0, name: Buffer.from("."), kind: "dir", size: 0, ...common } as const;
      const file = { ...root, depth: 1, name: Buffer.from("long"), kind: "file", size: sizeBytes } as const;
      yield [root, file].map((entry) => ({ entry, file: entry.kind }));
    },
    async *scan(files, room, visitor) {
      for (let at = 0; at < sizeBytes;) {
        const length = Math.min(room.length, sizeBytes - at);
        for (let i = 0; i < length; i += MiB) room.set(unit.subarray(0, Math.min(MiB, length - i)), i);
        at += visitor.block(files[0]!, length, at + length === sizeBytes);
        onRead?.(at);
        yield;
      }
      visitor.end(files[0]!, "complete");
    },
    async *cut() {},
    read: () => Promise.reject(new Error("nothing is read again here")),
    async close() {},
  };
}

test("a sender keeps no more of a long file than it may while nobody answers", async () => {
  isUnpaced.value = true;
  onTestFinished(() => void (isUnpaced.value = false));
  const sizeBytes = 160 * MiB;
  const [left, right] = duplexPair({ bufferBytes: 64 * MiB });
  const peer = new PlayedPeer(channelOf(left));
  const sending = sendTree(longSource(sizeBytes), right, {
    helloMs: 0,
    stallMs: 0,
    keptContentBytes: 4 * MiB,
  });
  sending.catch(() => {});
  await peer.sayHello("receiver", [piecesFeature]);
  await peer.hear("ENTRIES");
  const before = usedBufferBytes();
  await peer.say("WISH_FILES", encodeFileAnswers([{ oldBytes: sizeBytes + 1 }], [sizeBytes]));
  // About all of it is announced: 20,000 pieces of 8 KiB, of 5 bytes each.
  const told = (): number =>
    peer.heard.filter(({ type }) => type === "PIECES").reduce((sum, { payload }) => sum + payload.length, 0);
  await expect.poll(told).toBeGreaterThan(60_000);
  expect(usedBufferBytes() - before).toBeLessThan(40 * MiB);
  await peer.channel.end();
  await expect(sending).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("a sender tells of a long file so much more than was answered, and no more", async () => {
  const sizeBytes = 160 * MiB;
  const { aheadBytes } = pieceTellingLimits;
  let readBytes = 0;
  const [left, right] = duplexPair({ bufferBytes: 64 * MiB });
  const peer = new PlayedPeer(channelOf(left));
  const unhurried = { helloMs: 0, stallMs: 0 };
  const sending = sendTree(
    longSource(sizeBytes, (at) => (readBytes = at)),
    right,
    unhurried,
  );
  sending.catch(() => {});
  await peer.sayHello("receiver", [piecesFeature]);
  await peer.hear("ENTRIES");
  await peer.say("WISH_FILES", encodeFileAnswers([{ oldBytes: sizeBytes + 1 }], [sizeBytes]));
  /** Waits until it has read so far, and goes on for some time. Returns how far it then is. */
  const readTo = async (offset: number): Promise<number> => {
    await expect.poll(() => readBytes).toBeGreaterThanOrEqual(offset);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    return readBytes;
  };
  const first = await readTo(aheadBytes);
  await peer.hear("PIECES");
  expect(first).toBeLessThan(aheadBytes + 2 * MiB);
  const groups = peer.heard
    .filter(({ type }) => type === "PIECES")
    .flatMap(({ payload }) => [...decodePieceGroups(payload, () => 5)]);
  const found = groups.map(({ count }) => Array.from({ length: count }, () => true));
  await peer.say(
    "WISH_PIECES",
    encodePieceAnswers(found.map((here) => ({ found: here, gaps: [], isUnlike: false }))),
  );
  const second = await readTo(first + 1);
  expect(second).toBeLessThan(aheadBytes + 2 * first + 2 * MiB);
  await peer.channel.end();
  await expect(sending).rejects.toMatchObject({ code: "PEER_GONE" });
});

test("content that comes by chunks after all counts once as made", async () => {
  const fill = vi.spyOn(Allowance.prototype, "fill");
  const [content, other] = [seededBytes(1, 60_000) as Bytes, seededBytes(2, 50_000) as Bytes];
  const root = memoryDir({ file: memoryFile(other) });
  const [left, right] = duplexPair();
  await Promise.all([
    sendTree(memorySource(memoryDir({ file: memoryFile(content, { mtimeSec: 5 }) })), left),
    receiveTree(memoryTarget(root), right, { maxExpansion: 1 }),
  ]);
  const made = fill.mock.calls.flatMap(([, sizes]) => sizes).reduce((sum, size) => sum + size, 0);
  fill.mockRestore();
  expect(made).toBe(content.length);
});
