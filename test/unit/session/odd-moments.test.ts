import { expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { encodeDone, encodeEnd, encodeFailed } from "../../../src/session/closing.ts";
import type { FrameType } from "../../../src/session/frame-types.ts";
import { encodeCredit } from "../../../src/session/level-bytes.ts";
import { encodeRuns } from "../../../src/session/levels/pieces/piece-codec.ts";
import { encodePing } from "../../../src/session/ping.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { encodeBits, encodeFileAnswers } from "../../../src/session/wishes.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Bytes } from "../../../src/types.ts";
import { PlayedPeer } from "../../interop/played-peer.ts";
import { PlainTarget, plainSource } from "../../plain-tree.ts";
import { seededBytes } from "../../../src/testing/random.ts";

/*
 * What an end does when its peer does something odd, or it is told to end, at one moment or
 * another: it ends at once, with an error that has a code, and its peer sees the connection end.
 */

/** What the played peer does; after `hear` frames of these types were heard. */
interface Moment {
  readonly what: string;
  readonly hears?: FrameType;
  readonly says: readonly (readonly [FrameType, Bytes?])[];
  readonly code: string;
}

const none = new Uint8Array(0);
const wish = ["WISH_FILES", encodeFileAnswers(["ask"], [50_000])] as const;
const credit = (bytes: number): readonly [FrameType, Bytes] => [
  "CREDIT",
  encodeCredit({ entries: 0, chunks: 0, data: bytes }),
];
const ping = (heardBytes: number): readonly [FrameType, Bytes] => ["PING", encodePing({ heardBytes })];
const transcript = new Uint8Array(32);
const done = encodeDone({ entries: 0, files: 0, failed: 0, deleted: 0, missingBytes: 0, transcript });

const toSenders: readonly Moment[] = [
  { what: "settles 2^53 bytes", hears: "ENTRIES", says: [credit(2 ** 53)], code: "BAD_MESSAGE" },
  { what: "settles 2^53 - 1 bytes", hears: "ENTRIES", says: [credit(2 ** 53 - 1)], code: "UNSOLICITED" },
  {
    what: "settles a byte of content that was not sent",
    hears: "CHUNKS",
    says: [credit(1)],
    code: "UNSOLICITED",
  },
  { what: "settles nothing, and leaves", hears: "ENTRIES", says: [credit(0)], code: "PEER_GONE" },
  { what: "hears more than was sent", hears: "ENTRIES", says: [ping(2 ** 40)], code: "UNSOLICITED" },
  { what: "hears less than before", hears: "ENTRIES", says: [ping(20), ping(19)], code: "UNSOLICITED" },
  { what: "says PING without a number", says: [["PING"]], code: "BAD_MESSAGE" },
  { what: "greets twice", says: [["HELLO", none]], code: "BAD_FRAME" },
  { what: "sends entries", says: [["ENTRIES", none]], code: "BAD_FRAME" },
  { what: "sends content", says: [["DATA", none]], code: "BAD_FRAME" },
  { what: "is done before the end", hears: "ENTRIES", says: [["DONE", done]], code: "UNSOLICITED" },
  { what: "wishes twice for a file", hears: "ENTRIES", says: [wish, wish], code: "UNSOLICITED" },
  { what: "wishes for chunks", says: [["WISH_CHUNKS", encodeBits([true])]], code: "UNSOLICITED" },
  { what: "wishes for pieces", says: [["WISH_PIECES", Uint8Array.of(1)]], code: "UNSOLICITED" },
  { what: "checks parts", says: [["WISH_PARTS", encodeBits([false])]], code: "UNSOLICITED" },
  { what: "knows directories", says: [["SUBTREES", encodeBits([true])]], code: "UNSOLICITED" },
  {
    what: "fails at an entry that is none",
    says: [["FAILED", encodeFailed(new SyncError("IO", "no"), 99)]],
    code: "BAD_MESSAGE",
  },
];

const counts = { entries: 0, files: 0, chunks: 0, chunkBytes: 0, troubles: 0, untold: 0, sameEntries: 0 };
const end = encodeEnd({ ...counts, transcript });
const run = encodeRuns([{ steps: [{ literalBytes: 1 }], literals: Uint8Array.of(1), hasFailed: false }]);

const toReceivers: readonly Moment[] = [
  { what: "settles bytes", says: [credit(0)], code: "BAD_FRAME" },
  { what: "hears more than was sent", says: [ping(2 ** 40)], code: "UNSOLICITED" },
  { what: "wishes for files", says: [wish], code: "BAD_FRAME" },
  { what: "sends content of nothing", says: [["DATA", Uint8Array.of(1)]], code: "UNSOLICITED" },
  { what: "sends chunks of nothing", says: [["CHUNKS", Uint8Array.of(1, 1, 1)]], code: "BAD_MESSAGE" },
  { what: "says what is the same", says: [["SAME", encodeBits([true])]], code: "UNSOLICITED" },
  { what: "makes runs of nothing", says: [["DELTA", run]], code: "UNSOLICITED" },
  { what: "sends a part again", says: [["PART", Uint8Array.of(0)]], code: "UNSOLICITED" },
  { what: "has listed all twice", says: [["LISTED"], ["LISTED"]], code: "UNSOLICITED" },
  { what: "ends with another digest", says: [["END", end]], code: "CORRUPT" },
  { what: "leaves before the end", says: [["LISTED"]], code: "TRUNCATED" },
];

const liveness = { helloMs: 0, stallMs: 0, keepAliveMs: 0 };

/** Has a played peer meet a real end. Gives what became of that. */
async function meet(role: "sender" | "receiver", { hears, says }: Partial<Moment>, signal?: AbortSignal) {
  const [left, right] = duplexPair();
  const peer = new PlayedPeer(channelOf(right));
  const options = { ...liveness, ...(signal && { signal }) };
  const target = new PlainTarget();
  const content = seededBytes(1, 50_000) as Bytes;
  const run =
    role === "sender"
      ? sendTree(plainSource(new Map([["a", { kind: "file", content }]])), left, options)
      : receiveTree(target, left, options);
  const outcome = run.then(
    () => "success",
    (thrown: unknown) => thrown as SyncError,
  );
  if (says === undefined) return { peer, outcome, target };
  await peer.sayHello(role === "sender" ? "receiver" : "sender");
  if (hears === "CHUNKS") await peer.hear("ENTRIES").then(() => peer.say(...wish));
  if (hears) await peer.hear(hears);
  for (const [type, payload] of says) await peer.say(type, payload);
  await peer.channel.end().catch(() => {});
  return { peer, outcome, target };
}

test.each(toSenders)("a sender whose receiver $what ends with $code", async (moment) => {
  const { outcome } = await meet("sender", moment);
  expect(await outcome).toMatchObject({ name: "SyncError", code: moment.code });
});

test.each(toReceivers)(
  "a receiver whose sender $what ends with $code, and has made nothing",
  async (moment) => {
    const { outcome, target } = await meet("receiver", moment);
    expect(await outcome).toMatchObject({ name: "SyncError", code: moment.code });
    expect([...target.tree.keys()]).toEqual([]);
  },
);

const phases = [
  ["sender", undefined],
  ["sender", "HELLO"],
  ["sender", "ENTRIES"],
  ["sender", "CHUNKS"],
  ["receiver", undefined],
  ["receiver", "HELLO"],
] as const;

test.each(phases)("a %s that is told to end behind %s ends at once, with the reason", async (role, hears) => {
  const life = new AbortController();
  const reason = new SyncError("ABORTED", "enough");
  const { peer, outcome } = await meet(role, {}, life.signal);
  if (hears === "ENTRIES" || hears === "CHUNKS") await peer.sayHello("receiver");
  if (hears === "CHUNKS") await peer.hear("ENTRIES").then(() => peer.say(...wish));
  if (hears !== undefined) await peer.hear(hears);
  life.abort(reason);
  expect(await outcome).toBe(reason);
});
