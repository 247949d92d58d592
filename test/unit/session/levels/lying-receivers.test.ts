import { expect, test } from "vitest";
import { toSyncError } from "../../../../src/errors.ts";
import { decodeEnd, encodeDone } from "../../../../src/session/closing.ts";
import { encodeCredit } from "../../../../src/session/level-bytes.ts";
import { type ChunkGroup, decodeChunkGroups } from "../../../../src/session/levels/chunks/chunk-groups.ts";
import { piecesFeature } from "../../../../src/session/hello.ts";
import { decodePart } from "../../../../src/session/levels/pieces/file-parts.ts";
import { pieceWidth } from "../../../../src/session/levels/pieces/mac-widths.ts";
import {
  decodePieceGroups,
  encodePieceAnswers,
  type GapMacs,
  type PieceAnswer,
  type PieceGroup,
} from "../../../../src/session/levels/pieces/piece-codec.ts";
import { sendTree, type SendSummary } from "../../../../src/session/send.ts";
import { encodeBits, encodeFileAnswers, type FileAnswer } from "../../../../src/session/wishes.ts";
import { seededBytes } from "../../../../src/testing/random.ts";
import { channelOf } from "../../../../src/transport/channel.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { pieceRuleOf } from "../../../../src/tree/plan/old-version.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryDir, memoryFile } from "../../../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../../../src/types.ts";
import { PlayedPeer } from "../../../interop/played-peer.ts";

const sizeBytes = 40_000;
const content = seededBytes(1, sizeBytes) as Bytes;
const oldBytes = 50_000;

/** A receiver that is played, and the sender that it talks to: of one file, or of some. */
class Lie {
  readonly peer: PlayedPeer;
  /** How the sender ended: "ok", or the code of its failure. */
  readonly outcome: Promise<string>;
  summary: SendSummary | undefined;
  readonly fileCount: number;

  constructor(fileCount = 1) {
    this.fileCount = fileCount;
    const files = Array.from({ length: fileCount }, (_, i) => [`f${i}`, memoryFile(content)]);
    const [left, right] = duplexPair();
    this.peer = new PlayedPeer(channelOf(left));
    const source = memorySource(memoryDir(Object.fromEntries(files)));
    this.outcome = sendTree(source, right, { helloMs: 0, stallMs: 0 }).then(
      (summary) => {
        this.summary = summary;
        return "ok";
      },
      (thrown: unknown) => toSyncError(thrown).code,
    );
  }

  /** Answers all files in the same way. */
  async answer(answer: FileAnswer, features: readonly string[] = [piecesFeature]): Promise<void> {
    await this.peer.sayHello("receiver", features);
    await this.peer.hear("ENTRIES");
    const each = <T>(value: T): T[] => Array.from({ length: this.fileCount }, () => value);
    await this.peer.say("WISH_FILES", encodeFileAnswers(each(answer), each(sizeBytes)));
  }

  /** All groups of pieces that come, up to the last of all files. */
  async groups(length = oldBytes): Promise<PieceGroup[]> {
    const width = pieceWidth(sizeBytes, length, pieceRuleOf(sizeBytes, length)!.averageBytes);
    const groups: PieceGroup[] = [];
    for (let frame = 0; groups.filter(({ end }) => end).length < this.fileCount; frame++)
      groups.push(...decodePieceGroups(await this.peer.hear("PIECES", frame), () => width));
    return groups;
  }

  wishPieces(...answers: readonly PieceAnswer[]): Promise<void> {
    return this.peer.say("WISH_PIECES", encodePieceAnswers(answers));
  }

  /** Says that it is done with what was ended last. @param other another digest of the whole */
  async done(times: number, other?: Bytes): Promise<void> {
    const { transcript: ended } = decodeEnd(await this.peer.hear("END", times - 1));
    const transcript = other ?? ended;
    const counts = {
      entries: 1 + this.fileCount,
      files: this.fileCount,
      failed: 0,
      deleted: 0,
      missingBytes: 0,
    };
    await this.peer.say("DONE", encodeDone({ ...counts, transcript }));
    await this.peer.channel.end();
  }
}

const unlike: PieceAnswer = { found: [], gaps: [], isUnlike: true };
const noGap: GapMacs = { count: 0, macs: new Uint8Array(), width: 3 };

function missing({ count }: PieceGroup, gap = noGap): PieceAnswer {
  return { found: Array.from({ length: count }, () => false), gaps: [gap], isUnlike: false };
}

function here({ count }: PieceGroup): PieceAnswer {
  return { found: Array.from({ length: count }, () => true), gaps: [], isUnlike: false };
}

/** What a liar says to a sender that has told the pieces of a file, all in one group. */
const refused: readonly (readonly [
  what: string,
  code: string,
  act: (lie: Lie, group: PieceGroup) => Promise<void>,
])[] = [
  [
    "answers twice",
    "UNSOLICITED",
    async (lie, group) => {
      await lie.wishPieces(here(group));
      await lie.wishPieces(here(group));
    },
  ],
  [
    "checks a file before it has answered",
    "UNSOLICITED",
    (lie) => lie.peer.say("WISH_PARTS", encodeBits([true])),
  ],
  [
    "checks a file before its runs went out",
    "UNSOLICITED",
    async (lie, group) => {
      await lie.peer.say("WISH_PIECES", encodePieceAnswers([missing(group)]));
      await lie.peer.say("WISH_PARTS", encodeBits([false]));
      await lie.peer.say("WISH_PARTS", encodeBits([false]));
    },
  ],
  [
    "checks files that nobody told of",
    "UNSOLICITED",
    async (lie, group) => {
      await lie.wishPieces(here(group));
      await lie.peer.say("WISH_PARTS", encodeBits([false, true]));
    },
  ],
  [
    "tells more of a gap than can be there",
    "LIMIT",
    (lie, group) => lie.wishPieces(missing(group, { count: 9000, macs: new Uint8Array(9000 * 6), width: 6 })),
  ],
  ["is done before it has answered", "UNSOLICITED", (lie) => lie.peer.say("DONE", doneTooEarly())],
  [
    "settles more pieces than were told",
    "UNSOLICITED",
    (lie) => lie.peer.say("CREDIT", encodeCredit({ entries: 0, chunks: 5000, data: 0 })),
  ],
  [
    "is done with another digest of the whole",
    "CORRUPT",
    async (lie, group) => {
      await lie.wishPieces(here(group));
      await lie.peer.say("WISH_PARTS", encodeBits([false]));
      await lie.done(1, new Uint8Array(32));
    },
  ],
  ["wishes for chunks", "UNSOLICITED", (lie) => lie.peer.say("WISH_CHUNKS", encodeBits([true]))],
];

function doneTooEarly(): Bytes {
  return encodeDone({
    entries: 2,
    files: 1,
    failed: 0,
    deleted: 0,
    missingBytes: 0,
    transcript: new Uint8Array(32),
  });
}

test.each(refused)("a receiver that %s is refused with %s", async (_, code, act) => {
  const lie = new Lie();
  await lie.answer({ oldBytes });
  const [group] = await lie.groups();
  await act(lie, group!);
  expect(await lie.outcome).toBe(code);
});

test("a receiver that has an old version and never spoke of pieces is refused", async () => {
  const lie = new Lie();
  await lie.answer({ oldBytes }, []);
  expect(await lie.outcome).toBe("UNSOLICITED");
});

test("an old version of less than no bytes is refused", async () => {
  const lie = new Lie();
  await lie.answer({ oldBytes: -1 });
  expect(await lie.outcome).toBe("BAD_MESSAGE");
});

test.each([1, 4095, 1e9, 2 ** 40, 2 ** 51])(
  "an old version of %i bytes is believed, and does no harm",
  async (length) => {
    const lie = new Lie();
    await lie.answer({ oldBytes: length });
    if (pieceRuleOf(sizeBytes, length)) {
      const groups = await lie.groups(length);
      await lie.wishPieces(...groups.map((group) => missing(group)));
      await lie.peer.hear("DELTA");
      await lie.peer.say("WISH_PARTS", encodeBits([false]));
    } else await lie.peer.hear("PUSH");
    await lie.done(1);
    expect(await lie.outcome).toBe("ok");
    expect(lie.summary?.sentBytes).toBe(sizeBytes);
  },
);

test("a receiver for which all is wrong gets each part once more, and no oftener", async () => {
  const lie = new Lie(3);
  await lie.answer({ oldBytes });
  await lie.wishPieces(...(await lie.groups()).map(here));
  await lie.peer.say("WISH_PARTS", encodeBits([true, true, true]));
  for (let i = 0; i < 3; i++) expect(decodePart(await lie.peer.hear("PART", i))).toEqual(content);
  await lie.peer.say("WISH_PARTS", encodeBits([true]));
  expect(await lie.outcome).toBe("UNSOLICITED");
});

test("a receiver to which all is unlike gets each file by its chunks, once", async () => {
  const lie = new Lie(3);
  await lie.answer({ oldBytes });
  const groups = await lie.groups();
  await lie.wishPieces(...groups.map(() => unlike));
  await expect.poll(() => listed(lie).filter(({ end }) => end).length).toBe(3);
  const count = listed(lie).reduce((sum, { sizes }) => sum + sizes.length, 0);
  await lie.peer.say("WISH_CHUNKS", encodeBits(Array.from({ length: count }, () => false)));
  await lie.done(1);
  expect(await lie.outcome).toBe("ok");
  expect(lie.summary).toMatchObject({ files: 3, sentBytes: 0, chunkBytes: 3 * sizeBytes });
});

test("runs that are made of wrong MACs are made of small pieces that were told", async () => {
  const lie = new Lie();
  await lie.answer({ oldBytes });
  const [group] = await lie.groups();
  const count = 600;
  const macs = seededBytes(3, count * 6) as Bytes;
  await lie.wishPieces(missing(group!, { count, macs: macs.subarray(0, count * 4), width: 4 }));
  await lie.peer.hear("DELTA");
  await lie.peer.say("WISH_PARTS", encodeBits([false]));
  await lie.done(1);
  expect(await lie.outcome).toBe("ok");
});

/** Entries whose chunks came, in their order. */
function listed(lie: Lie): ChunkGroup[] {
  return lie.peer.heard
    .filter(({ type }) => type === "CHUNKS")
    .flatMap(({ payload }) => decodeChunkGroups(payload, 1 << 20));
}
