import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { chunkPath } from "../../../src/casync/chunk-name.ts";
import { nodeCoding } from "../../../src/casync/compressor.node.ts";
import type { Chunk, ChunkId } from "../../../src/chunk/chunk.ts";
import { sha256Digest } from "../../../src/chunk/digest.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import type { SyncError } from "../../../src/errors.ts";
import { ChunkRowReader, encodeChunkRow } from "../../../src/mirror/chunk-row.ts";
import { encodeMirrorHello } from "../../../src/mirror/mirror-hello.ts";
import type { MirrorOptions } from "../../../src/mirror/mirror-options.ts";
import { receiveChunks } from "../../../src/mirror/receive-chunks.ts";
import { sendChunks } from "../../../src/mirror/send-chunks.ts";
import { encodeCounts } from "../../../src/session/closing.ts";
import type { FrameType } from "../../../src/session/frame-types.ts";
import { sessionTimes } from "../../../src/session/limits.ts";
import { Link } from "../../../src/session/link.ts";
import { encodeBits } from "../../../src/session/wishes.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Bytes } from "../../../src/types.ts";
import { printedSeed } from "../../printed-seed.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { collect } from "../casync/vectors.ts";

const chunkNumbered = (number: number): Chunk =>
  chunkOf(xorshiftBytes(number + 1, 50 + number), sha512_256Digest);

/** A store with the chunks of these numbers. */
async function storeOf(numbers: Iterable<number>, digest = sha512_256Digest) {
  const path = mkdtempSync(join(tmpdir(), "rsync-stream-mirror-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const store = castrStore(path, { digest });
  onTestFinished(() => store.close());
  for (const number of numbers) await store.put(chunkNumbered(number));
  return { path, store };
}

type Opened = Awaited<ReturnType<typeof storeOf>>;

async function* keptIds({ store }: Opened): AsyncGenerator<ChunkId> {
  for await (const { id } of store.kept()) yield id;
}

const filesOf = ({ path }: Opened): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".cacnk"))
    .sort();

async function mirror(from: Opened, to: Opened, options: MirrorOptions = {}) {
  const [left, right] = duplexPair();
  const both = { coding: nodeCoding, ...options };
  return Promise.all([
    sendChunks(from.store, keptIds(from), left, both),
    receiveChunks(to.store, right, both),
  ]);
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("a store that is brought up to date with another", () => {
  test("gets what it lacks, for a bit a chunk and the names", async () => {
    const [from, to] = [await storeOf(numbers(0, 60)), await storeOf(numbers(20, 70))];
    const [sent, received] = await mirror(from, to);
    const totals = { listed: 60, moved: 20, failed: 0 };
    expect(sent).toMatchObject(totals);
    expect(received).toMatchObject({ ...totals, movedBytes: sent.movedBytes });
    expect(filesOf(to)).toEqual(expect.arrayContaining(filesOf(from)));
    expect(filesOf(to)).toHaveLength(70);
    for (const number of numbers(0, 20)) await to.store.get(chunkNumbered(number).id);
    const [again] = await mirror(from, to);
    expect(again).toMatchObject({ listed: 60, moved: 0, movedBytes: 0 });
    expect(again.wireSentBytes - 60 * 32).toBeLessThan(200);
    expect(again.wireReceivedBytes).toBeLessThan(200);
  });

  test("is filled whatever little lies between them", async () => {
    const [from, to] = [memoryStore(), memoryStore()];
    const chunks = numbers(0, 1300).map(chunkNumbered);
    for (const chunk of chunks) await from.put(chunk);
    async function* ids(): AsyncGenerator<ChunkId> {
      for await (const { id } of from.list()) yield id;
    }
    const [left, right] = duplexPair({ bufferBytes: 1 });
    const [sent] = await Promise.all([sendChunks(from, ids(), left), receiveChunks(to, right)]);
    expect(sent).toMatchObject({ listed: 1300, moved: 1300, failed: 0 });
    for (const { id } of chunks) expect(await to.has(id)).toBe(true);
  });

  test("is empty like the other", async () => {
    const [from, to] = [await storeOf([]), await storeOf([])];
    expect((await mirror(from, to))[1]).toMatchObject({ listed: 0, moved: 0 });
  });

  test("is not hindered by chunks that are damaged there", async () => {
    const [from, to] = [await storeOf(numbers(0, 20)), await storeOf([])];
    writeFileSync(join(from.path, chunkPath(chunkNumbered(7).id, ".cacnk")), "no chunk");
    const other = nodeCoding.encode(chunkNumbered(100).bytes);
    writeFileSync(join(from.path, chunkPath(chunkNumbered(8).id, ".cacnk")), other);
    const troubles: SyncError[] = [];
    const [sent, received] = await mirror(from, to, { onTrouble: (error) => void troubles.push(error) });
    expect(sent).toMatchObject({ listed: 20, moved: 18, failed: 2 });
    expect(received).toMatchObject({ moved: 18, failed: 2 });
    expect(troubles.map(({ code }) => code)).toEqual(["CORRUPT", "CORRUPT"]);
    expect(filesOf(to)).toHaveLength(18);
  });

  test("is not mixed with one of other names", async () => {
    const [from, to] = [await storeOf([1]), await storeOf([], sha256Digest)];
    const [left, right] = duplexPair();
    const ends = await Promise.allSettled([
      sendChunks(from.store, keptIds(from), left),
      receiveChunks(to.store, right, { digest: sha256Digest }),
    ]);
    expect(ends.map((end) => (end as PromiseRejectedResult).reason.code)).toEqual([
      "UNSUPPORTED",
      "UNSUPPORTED",
    ]);
  });

  test("ends with the reason of its signal", async () => {
    const [from, to] = [await storeOf([1]), await storeOf([])];
    const reason = new Error("enough");
    await expect(mirror(from, to, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

/** Plays one end of a session, from after its greeting on. */
function play(frames: readonly (readonly [FrameType, Bytes])[]) {
  const [left, right] = duplexPair();
  const link = new Link(channelOf(left), sessionTimes);
  void (async () => {
    for (const [type, payload] of frames) await link.send(type, payload, "none");
    for await (const { type } of link.frames()) if (type === "ERROR") await link.end();
  })()
    .catch(() => {})
    .finally(() => link.close());
  return right;
}

const hello = (role: "chunk sender" | "chunk receiver") =>
  ["HELLO", encodeMirrorHello(role, sha512_256Digest.name)] as const;
const { id } = chunkNumbered(0);

describe("a sender that lies is refused:", () => {
  test.each([
    ["a chunk that nobody asked for", "UNSOLICITED", [["DATA", Uint8Array.of(2, 0)]]],
    ["a chunk that is too long", "LIMIT", [["HAVE", id], ["DATA", Uint8Array.of(255, 255, 255, 127)]]], // prettier-ignore
    ["a length without end", "BAD_MESSAGE", [["HAVE", id], ["DATA", new Uint8Array(9).fill(255)]]], // prettier-ignore
    [
      "an end before all has come",
      "TRUNCATED",
      [
        ["HAVE", id],
        ["END", encodeCounts(1)],
      ],
    ],
    ["another number of chunks", "TRUNCATED", [["END", encodeCounts(1)]]],
    ["a part of an id", "BAD_MESSAGE", [["HAVE", id.subarray(1)]]],
    ["a list without end", "LIMIT", Array.from({ length: 3 }, () => ["HAVE", new Uint8Array(1 << 20)])],
    ["a frame of another session", "BAD_FRAME", [["ENTRIES", id]]],
    ["another end of its own kind", "UNSUPPORTED", undefined],
  ] as const)("%s", async (_, code, frames) => {
    const { store } = await storeOf([]);
    const played = frames as readonly (readonly [FrameType, Bytes])[] | undefined;
    const peer = play(played ? [hello("chunk sender"), ...played] : [hello("chunk receiver")]);
    await expect(receiveChunks(store, peer)).rejects.toMatchObject({ code });
  });
});

describe("a receiver that lies is refused:", () => {
  const answer = (...bits: boolean[]) => ["WISH_CHUNKS", encodeBits(bits)] as const;
  test.each([
    ["more answers than questions", "UNSOLICITED", [answer(true, true)]],
    ["fewer", "BAD_MESSAGE", [answer()]],
    ["an answer that is none", "BAD_FRAME", [["HAVE", id]]],
    ["a flood of answers", "UNSOLICITED|BAD_FRAME", Array.from({ length: 20 }, () => answer(false))],
    ["an end before the list's", "BAD_FRAME", [["DONE", encodeCounts(0, 0)]]],
  ] as const)("%s", async (_, code, frames) => {
    const from = await storeOf([0]);
    const peer = play([hello("chunk receiver"), ...(frames as readonly (readonly [FrameType, Bytes])[])]);
    await expect(sendChunks(from.store, keptIds(from), peer)).rejects.toMatchObject({
      code: expect.stringMatching(`^(${code})$`) as string,
    });
  });
});

test("a row of chunks is the same however it is cut", async () => {
  const seed = printedSeed();
  const chunk = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), fc.array(fc.nat(200)), async (chunks, cuts) => {
      const row = Buffer.concat(
        await collect(
          encodeChunkRow(
            (async function* () {
              yield* chunks;
            })(),
          ),
        ),
      );
      const reader = new ChunkRowReader();
      const found: (Bytes | undefined)[] = [];
      for (let at = 0, i = 0; at < row.length; i++) {
        const end = at + Math.max(1, cuts[i % Math.max(1, cuts.length)] ?? row.length);
        found.push(...reader.read(row.subarray(at, end)));
        at = end;
      }
      expect(reader.isAtEnd).toBe(true);
      expect(found).toEqual(chunks);
    }),
    { seed, numRuns: 100 },
  );
});
