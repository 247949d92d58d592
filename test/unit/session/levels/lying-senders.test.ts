import { expect, test } from "vitest";
import { concatBytes, equalBytes } from "../../../../src/bytes/compare.ts";
import { sha256 } from "../../../../src/chunk/digest.ts";
import { createPieceKernel, type PieceKernel } from "../../../../src/chunk/piece-kernel.ts";
import { toSyncError } from "../../../../src/errors.ts";
import { encodeEnd } from "../../../../src/session/closing.ts";
import { encodeEntries } from "../../../../src/session/levels/entries/entry-codec.ts";
import type { FrameType } from "../../../../src/session/frame-types.ts";
import { agree, decodeHello, piecesFeature } from "../../../../src/session/hello.ts";
import { encodeChunkGroups } from "../../../../src/session/levels/chunks/chunk-groups.ts";
import { ruleOf } from "../../../../src/session/levels/pieces/group-rule.ts";
import { encodePart } from "../../../../src/session/levels/pieces/file-parts.ts";
import { pieceWidth } from "../../../../src/session/levels/pieces/mac-widths.ts";
import { maxPartBytes } from "../../../../src/session/levels/pieces/piece-bounds.ts";
import {
  encodePieceGroups,
  encodeRuns,
  type RunStep,
} from "../../../../src/session/levels/pieces/piece-codec.ts";
import { ByteSlab } from "../../../../src/bytes/byte-slab.ts";
import { shortMacs } from "../../../../src/session/levels/pieces/short-macs.ts";
import { decodeBits, encodeBits } from "../../../../src/session/wishes.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { seededBytes } from "../../../../src/testing/random.ts";
import { channelOf } from "../../../../src/transport/channel.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { pieceRuleOf } from "../../../../src/tree/plan/old-version.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryDir, memoryFile } from "../../../../src/tree/memory/memory-tree.ts";
import type { Bytes } from "../../../../src/types.ts";
import { PlayedPeer } from "../../../interop/played-peer.ts";

const sizeBytes = 40_000;
const old = seededBytes(1, sizeBytes) as Bytes;
/** The same but for 100 bytes in the middle, and longer. */
const wanted = concatBytes([old.subarray(0, 20_000), seededBytes(2, 100) as Bytes, old.subarray(20_000)]);

/** A sender that is played, and the receiver that it talks to. */
class Lie {
  readonly root: MemoryDir;
  readonly peer: PlayedPeer;
  /** How the receiver ended: "ok", or the code of its failure. */
  readonly outcome: Promise<string>;
  readonly troubles: string[] = [];
  chunkBytes = 0;
  #entries = 1;

  constructor(files: Readonly<Record<string, Bytes>>) {
    this.root = memoryDir(
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, memoryFile(bytes)])),
    );
    const [left, right] = duplexPair();
    this.peer = new PlayedPeer(channelOf(left));
    this.outcome = receiveTree(memoryTarget(this.root), right, {
      helloMs: 0,
      stallMs: 0,
      onTrouble: ({ code }) => this.troubles.push(code),
    }).then(
      () => "ok",
      (thrown: unknown) => toSyncError(thrown).code,
    );
  }

  /** Announces files with other times than those that are there, and waits for the answers. */
  async announce(sizes: Readonly<Record<string, number>>): Promise<void> {
    await this.peer.sayHello("sender", [piecesFeature]);
    const common = { mode: 0o644, mtimeSec: 5, mtimeNsec: 0 };
    const root = { depth: 0, name: Buffer.from("."), kind: "dir", size: 0, ...common } as const;
    const files = Object.entries(sizes).map(
      ([name, size]) => ({ depth: 1, name: Buffer.from(name), kind: "file", size, ...common }) as const,
    );
    this.#entries = 1 + files.length;
    await this.peer.say(
      "ENTRIES",
      encodeEntries([root, ...files].map((entry) => ({ entry, unasked: false }))),
    );
    await this.peer.say("LISTED");
    await this.peer.hear("WISH_FILES");
  }

  /** A kernel with the key of this session, which both ends can compute. */
  async kernel(): Promise<PieceKernel> {
    const receiver = decodeHello(await this.peer.hear("HELLO"), "receiver");
    const sender = {
      ...receiver,
      role: "sender",
      nonce: new Uint8Array(16),
      mode: "duplex",
      digest: "sha-256",
    } as const;
    const { macKey } = agree(
      {
        ...sender,
        features: [piecesFeature],
        compression: "deflate",
        layout: "contents",
        cutter: { name: "fastcdc", minBytes: 0, averageBytes: 0, maxBytes: 0 },
      },
      receiver,
    );
    return createPieceKernel(macKey!);
  }

  /** The pieces of content as a PIECES frame tells them, and its MAC. */
  async piecesOf(
    content: Bytes,
    oldBytes = sizeBytes,
  ): Promise<{ macs: Bytes; width: number; count: number; mac: Bytes }> {
    const kernel = await this.kernel();
    const rule = pieceRuleOf(content.length, oldBytes)!;
    kernel.buffer.set(content);
    const ends = kernel.cut(rule, content.length, true).slice();
    kernel.update(0, content.length);
    const width = pieceWidth(content.length, oldBytes, rule.averageBytes);
    return {
      macs: shortMacs(kernel.macs(ends), width, new ByteSlab()),
      width,
      count: ends.length,
      mac: kernel.digest(),
    };
  }

  /** Tells all pieces of a file truly; the MAC of the whole may be another one. */
  async tell(content: Bytes, mac?: Bytes, entry = 1): Promise<void> {
    const { mac: right, ...group } = await this.piecesOf(content);
    await this.say(
      "PIECES",
      encodePieceGroups([{ ...group, entry, isFine: false, isText: false, end: { mac: mac ?? right } }]),
    );
    this.chunkBytes += wanted.length;
  }

  say(type: FrameType, payload?: Bytes): Promise<void> {
    return this.peer.say(type, payload);
  }

  /** Sends all of a file in one chunk that was not asked for. */
  async push(content: Bytes, entry = 1): Promise<void> {
    const group = {
      entry,
      sizes: [content.length],
      ids: sha256(content),
      pushed: [true],
      end: "complete",
    } as const;
    await this.say("CHUNKS", encodeChunkGroups([group]));
    await this.say("PUSH", content);
    this.chunkBytes += content.length;
  }

  end(transcript = this.peer.transcript): Promise<void> {
    const { chunkBytes } = this;
    const none = { files: 1, chunks: 1, troubles: 0, untold: 0, sameEntries: 0 };
    return this.say("END", encodeEnd({ entries: this.#entries, ...none, chunkBytes, transcript }));
  }

  /** True when the file has this content. */
  holds(content: Bytes): boolean {
    const node = this.root.children.get("file");
    return node?.kind === "file" && equalBytes(node.bytes, content);
  }
}

function run(steps: readonly RunStep[], literals: Bytes = new Uint8Array()): Bytes {
  return encodeRuns([{ steps, literals, hasFailed: false }]);
}

async function announced(): Promise<Lie> {
  const lie = new Lie({ file: old });
  await lie.announce({ file: wanted.length });
  return lie;
}

/** What a liar says once the receiver has answered that an old version is here. */
const refused: readonly (readonly [what: string, code: string, act: (lie: Lie) => Promise<void>])[] = [
  ["says what nobody compares to be the same", "UNSOLICITED", (lie) => lie.say("SAME", encodeBits([true]))],
  [
    "sends a run where nothing is missing",
    "UNSOLICITED",
    (lie) => lie.say("DELTA", run([{ literalBytes: 1 }], Uint8Array.of(1))),
  ],
  [
    "tells pieces of a file that is not there",
    "UNSOLICITED",
    (lie) =>
      lie.say(
        "PIECES",
        encodePieceGroups([
          { entry: 7, isFine: false, isText: false, macs: new Uint8Array(3), width: 3, count: 1 },
        ]),
      ),
  ],
  [
    "tells pieces of a directory",
    "UNSOLICITED",
    (lie) =>
      lie.say(
        "PIECES",
        encodePieceGroups([
          { entry: 0, isFine: false, isText: false, macs: new Uint8Array(3), width: 3, count: 1 },
        ]),
      ),
  ],
  ["tells chunks instead of pieces", "BAD_MESSAGE", (lie) => lie.push(wanted)],
  ["ends with its pieces missing", "TRUNCATED", (lie) => lie.end()],
  ["ends with another digest of the whole", "CORRUPT", (lie) => lie.end(new Uint8Array(32))],
  [
    "ends with its runs missing",
    "TRUNCATED",
    async (lie) => {
      await lie.tell(wanted);
      await lie.end();
    },
  ],
  [
    "makes a run of small pieces that were not told",
    "BAD_MESSAGE",
    async (lie) => {
      await lie.tell(wanted);
      await lie.say("DELTA", run([{ first: 3000, count: 1 }]));
    },
  ],
  [
    "makes a run of more small pieces than were told",
    "BAD_MESSAGE",
    async (lie) => {
      await lie.tell(wanted);
      await lie.say("DELTA", run([{ first: 0, count: Number.MAX_SAFE_INTEGER >> 2 }]));
    },
  ],
  [
    "sends more runs than are missing",
    "UNSOLICITED",
    async (lie) => {
      await lie.tell(wanted);
      for (let i = 0; i < 40; i++) await lie.say("DELTA", run([{ literalBytes: 1 }], Uint8Array.of(1)));
    },
  ],
  [
    "tells pieces behind the last one",
    "UNSOLICITED",
    async (lie) => {
      await lie.tell(wanted);
      await lie.tell(wanted);
    },
  ],
  [
    "tells more pieces at once than a group has",
    "LIMIT",
    async (lie) => {
      const { width } = await lie.piecesOf(wanted);
      const count = 1026;
      await lie.say(
        "PIECES",
        encodePieceGroups([
          { entry: 1, isFine: false, isText: false, macs: new Uint8Array(count * width), width, count },
        ]),
      );
    },
  ],
  [
    "tells pieces without end",
    "LIMIT",
    async (lie) => {
      const { macs, width, count } = await lie.piecesOf(wanted);
      const payload = encodePieceGroups([{ entry: 1, isFine: false, isText: false, macs, width, count }]);
      for (let i = 0; i < 10; i++) await lie.say("PIECES", payload);
    },
  ],
];

test.each(refused)("a sender that %s is refused with %s", async (_, code, act) => {
  const lie = await announced();
  await act(lie);
  expect(await lie.outcome).toBe(code);
  expect(lie.holds(old)).toBe(true);
});

test("a sender that tells pieces of two files by turns is refused", async () => {
  const lie = new Lie({ a: old, b: old });
  await lie.announce({ a: wanted.length, b: wanted.length });
  const { macs, width } = await lie.piecesOf(wanted);
  const group = { isFine: false, isText: false, macs: macs.subarray(0, width), width, count: 1 };
  await lie.say(
    "PIECES",
    encodePieceGroups([
      { ...group, entry: 1 },
      { ...group, entry: 2 },
    ]),
  );
  expect(await lie.outcome).toBe("BAD_MESSAGE");
});

/** What a liar puts together wrongly. */
const wrong: readonly (readonly [what: string, act: (lie: Lie) => Promise<void>])[] = [
  [
    "tells pieces that are there in place of its own",
    async (lie) => lie.tell(old, (await lie.piecesOf(wanted)).mac),
  ],
  [
    "sends other literals",
    async (lie) => {
      await lie.tell(wanted);
      await lie.say("DELTA", run([{ literalBytes: 100 }], new Uint8Array(100)));
    },
  ],
  [
    "sends literals that are too long",
    async (lie) => {
      await lie.tell(wanted);
      await lie.say("DELTA", run([{ literalBytes: 500_000 }], new Uint8Array(500_000)));
    },
  ],
  [
    "copies more than the file is long",
    async (lie) => {
      await lie.tell(wanted);
      await lie.say("DELTA", run(Array.from({ length: 50_000 }, () => ({ first: 0, count: 2 }))));
    },
  ],
  [
    "sends nothing in place of what is missing",
    async (lie) => {
      await lie.tell(wanted);
      await lie.say("DELTA", run([]));
    },
  ],
];

test("of a sender that tells a MAC and no pieces the receiver asks for chunks", async () => {
  const lie = await announced();
  const none = { entry: 1, isFine: false, isText: false, macs: new Uint8Array(), width: 3, count: 0 };
  await lie.say("PIECES", encodePieceGroups([{ ...none, end: { mac: new Uint8Array(16) } }]));
  await lie.peer.hear("WISH_PIECES");
  const chunk = { sizes: [wanted.length], ids: sha256(wanted) };
  await lie.say("CHUNKS", encodeChunkGroups([{ ...chunk, entry: 1, end: "complete" }]));
  await lie.peer.hear("WISH_CHUNKS");
  await lie.say("DATA", wanted);
  lie.chunkBytes = wanted.length;
  await lie.end();
  expect(await lie.outcome).toBe("ok");
  expect(lie.holds(wanted)).toBe(true);
});

test.each(wrong)("of a sender that %s the part comes once more, and is right", async (_, act) => {
  const lie = await announced();
  await act(lie);
  expect(decodeBits(await lie.peer.hear("WISH_PARTS"), 1)).toEqual([true]);
  for (let i = 0; i < 3; i++) await lie.end(); // it may not have heard yet
  await lie.say("PART", encodePart(wanted));
  await lie.end();
  expect(await lie.outcome).toBe("ok");
  expect(lie.holds(wanted)).toBe(true);
  expect(lie.troubles).toEqual([]);
});

test.each(wrong)("of a sender that %s, and goes on so, the old version stays", async (_, act) => {
  const lie = await announced();
  await act(lie);
  await lie.peer.hear("WISH_PARTS");
  await act(lie);
  expect(await lie.outcome).toBe("UNSOLICITED");
  expect(lie.holds(old)).toBe(true);
});

test("a part of which all pieces are here is taken only when its MAC is right", async () => {
  const lie = new Lie({ file: old });
  await lie.announce({ file: old.length });
  await lie.say("SAME", encodeBits([false]));
  await lie.tell(old, new Uint8Array(16));
  expect(decodeBits(await lie.peer.hear("WISH_PARTS"), 1)).toEqual([true]);
  await lie.say("PART", encodePart(old));
  expect(await lie.outcome).toBe("CORRUPT");
});

/** A file of which a part was wrong, and is to come once more. */
async function wrongPart(mac?: Bytes): Promise<Lie> {
  const lie = await announced();
  await lie.tell(wanted, mac);
  await lie.say("DELTA", run([]));
  await lie.peer.hear("WISH_PARTS");
  return lie;
}

test("a sender that leaves when a part is to come once more is not done", async () => {
  const lie = await wrongPart();
  await lie.end();
  await lie.peer.channel.end();
  expect(await lie.outcome).toBe("TRUNCATED");
  expect(lie.holds(old)).toBe(true);
});

test("a part that cannot be read any more leaves the old version", async () => {
  const lie = await wrongPart();
  await lie.say("PART", encodePart(undefined));
  await lie.end();
  expect(await lie.outcome).toBe("ok");
  expect(lie.holds(old)).toBe(true);
  expect(lie.troubles).toEqual(["CHANGED"]);
});

test("a sender that lies about the MAC of a part gets nothing in place", async () => {
  const lie = await wrongPart(new Uint8Array(16));
  await lie.say("PART", encodePart(wanted));
  expect(await lie.outcome).toBe("CORRUPT");
  expect(lie.holds(old)).toBe(true);
});

/** What is said when a part is to come once more. */
const wrongParts: readonly (readonly [what: string, code: string, type: FrameType, payload: Bytes])[] = [
  ["is wrong again", "CORRUPT", "PART", encodePart(new Uint8Array(wanted.length))],
  ["is too short", "BAD_MESSAGE", "PART", encodePart(wanted.subarray(1))],
  ["is too long", "BAD_MESSAGE", "PART", encodePart(new Uint8Array(wanted.length + 1))],
  ["has no bytes", "BAD_MESSAGE", "PART", encodePart(new Uint8Array())],
  ["has no form", "BAD_MESSAGE", "PART", new Uint8Array()],
  ["has an unknown form", "BAD_MESSAGE", "PART", Uint8Array.of(2)],
  ["has failed and has bytes", "BAD_MESSAGE", "PART", Uint8Array.of(1, 1)],
  ["comes as a run", "UNSOLICITED", "DELTA", run([{ literalBytes: wanted.length }], wanted)],
];

test.each(wrongParts)("a part that %s is refused with %s", async (_, code, type, payload) => {
  const lie = await wrongPart();
  await lie.say(type, payload);
  expect(await lie.outcome).toBe(code);
  expect(lie.holds(old)).toBe(true);
});

test("a part that comes twice is refused", async () => {
  const lie = await wrongPart();
  await lie.say("PART", encodePart(wanted));
  await lie.say("PART", encodePart(wanted));
  expect(await lie.outcome).toBe("UNSOLICITED");
});

/** Lengths of parts that do not fit into the file. */
const outOfRange: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["nothing", [0]],
  ["all of it, and is not the last", [wanted.length]],
  ["more than it", [wanted.length + 1]],
  ["a number beyond all files", [Number.MAX_SAFE_INTEGER]],
  ["more than was left", [30_000, 10_100]],
];

test.each(outOfRange)("a part that has %s is refused", async (_, lengths) => {
  const lie = await announced();
  const { macs, width } = await lie.piecesOf(wanted);
  const group = { entry: 1, isFine: false, isText: false, macs: macs.subarray(0, width), width, count: 1 };
  for (const bytes of lengths)
    await lie.say("PIECES", encodePieceGroups([{ ...group, end: { bytes, mac: new Uint8Array(16) } }]));
  expect(await lie.outcome).toBe("LIMIT");
  expect(lie.holds(old)).toBe(true);
});

test.each([
  ["in the middle", { bytes: maxPartBytes + 1, mac: new Uint8Array(16) }],
  ["at the end", { mac: new Uint8Array(16) }],
])("a part %s that is longer than a part can be is refused", async (_, end) => {
  const lie = new Lie({ file: old });
  const sizeOfAll = 2 * maxPartBytes;
  await lie.announce({ file: sizeOfAll });
  const { averageBytes } = pieceRuleOf(sizeOfAll, sizeBytes)!;
  const width = pieceWidth(sizeOfAll, sizeBytes, averageBytes);
  const kernel = await lie.kernel();
  kernel.buffer.set(old);
  const ends = kernel.cut({ kind: "gear", averageBytes }, old.length, true).slice(0, 1);
  const macs = shortMacs(kernel.macs(ends), width, new ByteSlab());
  await lie.say(
    "PIECES",
    encodePieceGroups([{ entry: 1, isFine: false, isText: false, macs, width, count: 1, end }]),
  );
  expect(await lie.outcome).toBe("LIMIT");
  expect(lie.holds(old)).toBe(true);
});

/** A sender of a large file, and groups of pieces that are not there, fine or not. */
async function large(): Promise<{ readonly lie: Lie; groupOf(isFine: boolean, count: number): Bytes }> {
  const sizeOfAll = 1 << 20;
  const lie = new Lie({ file: seededBytes(5, sizeOfAll) as Bytes });
  await lie.announce({ file: sizeOfAll + 1 });
  const groupOf = (isFine: boolean, count: number): Bytes => {
    const { averageBytes } = ruleOf({ newBytes: sizeOfAll + 1, oldBytes: sizeOfAll }, isFine);
    const width = pieceWidth(sizeOfAll + 1, sizeOfAll, averageBytes);
    const macs = new Uint8Array(count * width);
    return encodePieceGroups([{ entry: 1, isFine, isText: false, macs, width, count }]);
  };
  return { lie, groupOf };
}

test("fine pieces of a file that is not large are refused", async () => {
  const lie = await announced();
  const { macs, width } = await lie.piecesOf(wanted);
  const group = { entry: 1, isFine: true, isText: false, macs: macs.subarray(0, width), width, count: 1 };
  await lie.say("PIECES", encodePieceGroups([group]));
  expect(await lie.outcome).toBe("BAD_MESSAGE");
  expect(lie.holds(old)).toBe(true);
});

test("pieces that are not fine any more are refused: an old version is cut twice at most", async () => {
  const { lie, groupOf } = await large();
  await lie.say("PIECES", groupOf(false, 1));
  await lie.say("PIECES", groupOf(true, 1));
  await lie.peer.hear("WISH_PIECES", 1);
  await lie.say("PIECES", groupOf(false, 1));
  expect(await lie.outcome).toBe("BAD_MESSAGE");
});

test.each([
  ["at once", [[true, 514]]],
  [
    "in all, some of them fine",
    [
      [false, 129],
      [false, 129],
      [true, 513],
      [true, 513],
    ],
  ],
] as const)("more fine pieces than a file can have %s are refused", async (_, groups) => {
  const { lie, groupOf } = await large();
  for (const [isFine, count] of groups) await lie.say("PIECES", groupOf(isFine, count));
  expect(await lie.outcome).toBe("LIMIT");
});
