import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isSyncError, SyncError } from "../../src/errors.ts";
import { createServer } from "../../src/http/server.node.ts";
import { encodeChunkGroups } from "../../src/session/levels/chunks/chunk-groups.ts";
import {
  encodePieceAnswers,
  encodePieceGroups,
  encodeRuns,
} from "../../src/session/levels/pieces/piece-codec.ts";
import { encodeDone, encodeEnd, encodeFailed } from "../../src/session/closing.ts";
import { encodeCredit } from "../../src/session/level-bytes.ts";
import { encodeEntries } from "../../src/session/levels/entries/entry-codec.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import { piecesFeature } from "../../src/session/hello.ts";
import { encodeBits, encodeFileAnswers } from "../../src/session/wishes.ts";
import { type ByteChannel, channelOf } from "../../src/transport/channel.ts";
import { connectTurns } from "../../src/transport/http-turns.ts";
import { connectHttp } from "../../src/transport/http.node.ts";
import { nodeStreamDuplex } from "../../src/transport/node-stream.node.ts";
import { sessionSubprotocol } from "../../src/transport/session-request.ts";
import { connectWs } from "../../src/transport/ws.node.ts";
import type { Entry } from "../../src/tree/entry/entry.ts";
import type { Bytes, Duplex } from "../../src/types.ts";
import { builtCli } from "../built.ts";
import { noise, plant } from "../cli/trees.ts";
import { PlayedPeer } from "./played-peer.ts";

const cli = builtCli();
const contentBytes = 300_000;

/** Which end of the session is ours. */
type Role = "sender" | "receiver";

interface Limits {
  readonly helloMs: number;
  readonly minRateBytes?: number;
}

/** A connection to an end of ours, and how that ended. */
interface Met {
  readonly channel: ByteChannel;
  /** The code of its failure, "ok" when it believes that all went well. */
  readonly outcome: Promise<string>;
  /** What it wrote, a line each. */
  readonly lines: readonly string[];
}

type Door = (victim: Role, limits: Limits) => Promise<Met>;

const doors: Readonly<Record<string, Door>> = {
  stdio: byStdio,
  WebSocket: overWebSocket,
  HTTP: overHttp,
  "HTTP in turns": overTurns,
};

/** What a peer does, to whom, and what it gets for it. */
type Deed = readonly [what: string, victims: readonly Role[], act: (met: Met) => Promise<void>, code: string];

const tls = Buffer.from("16030100c8010000c40303", "hex");

const foreign: readonly Deed[] = [
  [
    "an HTTP request",
    ["sender", "receiver"],
    say("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
    "BAD_FRAME",
  ],
  ["an SSH banner", ["sender", "receiver"], say("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "BAD_FRAME"],
  ["a TLS hello", ["sender", "receiver"], say(tls), "BAD_FRAME"],
  ["noise", ["sender", "receiver"], sayNoise, "BAD_FRAME"],
];

const same = encodeBits([true]);
const pieces = encodePieceGroups([
  {
    entry: 1,
    isFine: false,
    isText: false,
    macs: new Uint8Array(3),
    width: 3,
    count: 1,
    end: { mac: new Uint8Array(16) },
  },
]);
const noRun = encodeRuns([{ steps: [], literals: new Uint8Array(), hasFailed: false }]);
const unlike = encodePieceAnswers([{ found: [], gaps: [], isUnlike: true }]);
const old = encodeFileAnswers([{ oldBytes: 1 }], [contentBytes]);

const deeds: readonly Deed[] = [
  ["lists 512 MiB for a file of 1 KiB", ["receiver"], listTooMuch, "LIMIT"],
  ["sends content that nobody asked for", ["receiver"], sendUnasked, "UNSOLICITED"],
  ["asks for all that is offered, and once more", ["sender"], askTwice, "UNSOLICITED"],
  ["ends with a list missing", ["receiver"], endEarly, "TRUNCATED"],
  ["says that it is done before the end", ["sender"], doneEarly, "UNSOLICITED"],
  ["settles more than it got", ["sender"], settleMore, "UNSOLICITED"],
  ["says that what nobody compares is the same", ["receiver"], sayUnasked("SAME", same), "UNSOLICITED"],
  ["tells pieces of a file that is new", ["receiver"], sayUnasked("PIECES", pieces), "UNSOLICITED"],
  ["sends a run where nothing is missing", ["receiver"], sayUnasked("DELTA", noRun), "UNSOLICITED"],
  ["answers pieces that nobody told", ["sender"], wishUntold("WISH_PIECES", unlike), "UNSOLICITED"],
  ["finds a part wrong that was not told", ["sender"], wishUntold("WISH_PARTS", same), "UNSOLICITED"],
  ["sends a part where none is wrong", ["receiver"], sayUnasked("PART", Uint8Array.of(1)), "UNSOLICITED"],
  ["has old versions, and never spoke of them", ["sender"], wishUntold("WISH_FILES", old), "UNSOLICITED"],
];

describe.each(Object.entries(doors))("over %s", (door, open) => {
  /** It must fail by what was said, long before any limit of time. */
  const unhurried = { helloMs: 60_000 };

  for (const [what, victims, act, code] of foreign) {
    test.each(victims)(`who says ${what} is refused at once by a %s`, async (victim) => {
      const met = await open(victim, unhurried);
      await act(met);
      expect(await met.outcome).toBe(code);
    });
  }

  for (const [what, victims, act, code] of deeds) {
    test.each(victims)(`who ${what} is refused by a %s`, async (victim) => {
      const met = await open(victim, unhurried);
      await act(met);
      expect(await met.outcome).toBe(code);
    });
  }

  test.each(["behind DONE", "behind END"])("entries %s are not looked at", async (where) => {
    const met = await open("receiver", unhurried);
    await sendAfterEnd(met, where === "behind DONE");
    expect(await met.outcome).toBe("ok");
  });

  test.each(["sender", "receiver"] as const)("who never speaks is left by a %s", async (victim) => {
    const met = await open(victim, { helloMs: 1000 });
    expect(await met.outcome).toBe("STALLED");
  });

  if (door === "stdio") return;

  test("who is alive and takes nothing is left by a server", async () => {
    const met = await open("sender", { helloMs: 60_000, minRateBytes: 100_000 });
    const peer = new PlayedPeer(met.channel);
    await peer.sayHello("receiver");
    await wishAll(peer);
    peer.stopListening();
    let over = false;
    const outcome = met.outcome.finally(() => (over = true));
    while (!over) {
      await peer.say("PING", Uint8Array.of(0));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await outcome).toBe("STALLED");
  });
});

test("a receiver that reports failure after failure does not fill the screen", async () => {
  const met = await byStdio("sender", { helloMs: 60_000 });
  const peer = new PlayedPeer(met.channel);
  await peer.sayHello("receiver");
  await peer.hear("ENTRIES");
  for (let i = 0; i < 5000; i++) await peer.say("FAILED", encodeFailed(new SyncError("IO", "no"), 1));
  await peer.channel.end();
  expect(await met.outcome).toBe("PEER_GONE");
  const events = met.lines.map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events.filter((event) => event === "trouble")).toHaveLength(1000);
  expect(met.lines.find((line) => line.includes("4000 more troubles"))).toBeDefined();
});

function say(words: string | Uint8Array): Deed[2] {
  return async ({ channel }) => sayAndLeave(channel, Buffer.from(words as string));
}

/** Says bytes, and closes when the other end has. */
async function sayAndLeave(channel: ByteChannel, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const leave = async (): Promise<void> => {
    for await (const _ of channel.read());
    await channel.end();
  };
  leave().catch(() => {});
  await channel.write(bytes).catch(() => {});
}

async function sayNoise({ channel }: Met): Promise<void> {
  const bytes = randomBytes(5000);
  if (bytes[0] === 0x89) bytes[0] = 0; // which would be a beginning
  console.log(`noise: ${bytes.subarray(0, 8).toString("hex")}`);
  await sayAndLeave(channel, bytes);
}

function entryOf(kind: Entry["kind"], depth: number, name: string, size = 0): Entry {
  return { depth, name: Buffer.from(name), kind, size, mode: 0o755, mtimeSec: 1, mtimeNsec: 0 };
}

async function sendAfterEnd({ channel }: Met, waits: boolean): Promise<void> {
  const peer = new PlayedPeer(channel);
  await peer.sayHello("sender");
  const root = { entry: entryOf("dir", 0, "."), unasked: false };
  await peer.say("ENTRIES", encodeEntries([root]));
  await sayEnd(peer, 1);
  if (waits) await peer.hear("DONE");
  const more = encodeEntries([{ entry: entryOf("file", 1, "more"), unasked: false }]);
  await peer.say("ENTRIES", more);
  await peer.hear("DONE");
  // A receiver that has said DONE may be gone by then.
  await peer.channel.end().catch((thrown: unknown) => {
    if (!isSyncError(thrown, "PEER_GONE")) throw thrown;
  });
}

async function endEarly({ channel }: Met): Promise<void> {
  const peer = new PlayedPeer(channel);
  await announce(peer, 1024);
  await sayEnd(peer, 2);
}

function sayEnd(peer: PlayedPeer, entries: number): Promise<void> {
  const none = { files: 0, chunks: 0, chunkBytes: 0, troubles: 0, untold: 0, sameEntries: 0 };
  return peer.say("END", encodeEnd({ entries, ...none, transcript: peer.transcript }));
}

/** Announces a file and waits for the wish. */
async function announce(peer: PlayedPeer, size: number, features?: readonly string[]): Promise<void> {
  await peer.sayHello("sender", features);
  const entries = [entryOf("dir", 0, "."), entryOf("file", 1, "file", size)];
  await peer.say("ENTRIES", encodeEntries(entries.map((entry) => ({ entry, unasked: false }))));
  await peer.hear("WISH_FILES");
}

async function listTooMuch({ channel }: Met): Promise<void> {
  const peer = new PlayedPeer(channel);
  await announce(peer, 1024);
  const count = 8192;
  const sizes = Array.from({ length: count }, () => 65_536);
  const pushed = Array.from({ length: count }, () => true);
  const ids = noise(count * 32, "ids");
  await peer.say("CHUNKS", encodeChunkGroups([{ entry: 1, sizes, ids, pushed }]));
}

async function sendUnasked({ channel }: Met): Promise<void> {
  const peer = new PlayedPeer(channel);
  await announce(peer, 1024);
  await peer.say("DATA", new Uint8Array(1024));
}

/** Answers that every file and every chunk is wanted. */
async function wishAll(peer: PlayedPeer): Promise<void> {
  await peer.hear("ENTRIES");
  await peer.say("WISH_FILES", encodeFileAnswers(["all"], [1]));
}

async function askTwice({ channel }: Met): Promise<void> {
  const peer = new PlayedPeer(channel);
  await peer.sayHello("receiver");
  await peer.hear("ENTRIES");
  await peer.say("WISH_FILES", encodeFileAnswers(["ask"], [1]));
  const wanted = Array.from({ length: chunkCountIn(await peer.hear("CHUNKS")) }, () => true);
  for (let i = 0; i < 3; i++) await peer.say("WISH_CHUNKS", encodeBits(wanted));
  await peer.hear("ERROR");
  const got = peer.heard.filter(({ type }) => type === "DATA").map(({ payload }) => payload.length);
  expect(got.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(contentBytes); // each position once
}

/** Reads the head of a single group: entry, flags, count. */
function chunkCountIn(payload: Uint8Array): number {
  let count = 0;
  for (let at = 2, shift = 0; ; at++, shift += 7) {
    count |= (payload[at]! & 0x7f) << shift;
    if (payload[at]! < 0x80) return count;
  }
}

async function doneEarly({ channel }: Met): Promise<void> {
  const peer = new PlayedPeer(channel);
  await peer.sayHello("receiver");
  const transcript = new Uint8Array(32);
  await peer.say(
    "DONE",
    encodeDone({ entries: 2, files: 1, failed: 0, deleted: 0, missingBytes: 0, transcript }),
  );
}

/** Says something of a file that needs its content, and of which no old version is there. */
function sayUnasked(type: FrameType, payload: Bytes): Deed[2] {
  return async ({ channel }) => {
    const peer = new PlayedPeer(channel);
    await announce(peer, 10_000, [piecesFeature]);
    await peer.say(type, payload);
  };
}

/** Answers with something that does not fit what was listed. */
function wishUntold(type: FrameType, payload: Bytes): Deed[2] {
  return async ({ channel }) => {
    const peer = new PlayedPeer(channel);
    await peer.sayHello("receiver");
    await peer.hear("ENTRIES");
    await peer.say(type, payload);
  };
}

async function settleMore({ channel }: Met): Promise<void> {
  const peer = new PlayedPeer(channel);
  await peer.sayHello("receiver");
  await peer.hear("ENTRIES");
  await peer.say("CREDIT", encodeCredit({ entries: 0, chunks: 0, data: 1 }));
}

/** A place to send from, or to receive into. */
function placeOf(victim: Role, sizeBytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-hostile-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const place = join(folder, "tree");
  mkdirSync(place);
  if (victim === "sender") plant(place, { file: noise(sizeBytes, "content") });
  return place;
}

async function byStdio(victim: Role, { helloMs }: Limits): Promise<Met> {
  const place = placeOf(victim, contentBytes);
  const args = victim === "sender" ? ["send", `${place}/`] : ["recv", place];
  const child = spawn(process.execPath, [
    cli,
    ...args,
    "--duplex",
    "--json",
    "--timeout",
    `${helloMs / 1000}`,
  ]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => {
    const parts = (said + bytes.toString()).split("\n");
    said = parts.pop()!;
    lines.push(...parts);
  });
  const outcome = new Promise<string>((resolve) =>
    child.once("close", (status) => {
      const last = JSON.parse(lines.at(-1) ?? "{}") as { event?: string; code?: string };
      resolve(status === 0 ? "ok" : (last.code ?? `status ${status}`));
    }),
  );
  const { channel } = nodeStreamDuplex(child.stdout, child.stdin);
  return { channel, outcome, lines };
}

/** A server whose only session is the one that `connect` makes. */
async function serveOne(
  victim: Role,
  limits: Limits,
  connect: (url: string) => Promise<Duplex>,
): Promise<Met> {
  const place = placeOf(victim, limits.minRateBytes === undefined ? contentBytes : 64 << 20);
  let tell: (code: string) => void = () => {};
  const outcome = new Promise<string>((resolve) => (tell = resolve));
  const server = createServer({
    root: place,
    ...limits,
    stallMs: 60_000,
    paceMs: 1000,
    onSession: ({ error }) => tell(error?.code ?? "ok"),
  });
  const url = await server.listen();
  onTestFinished(() => server.close());
  const duplex = await connect(`${url}?session=${victim === "sender" ? "pull" : "push"}`);
  return { channel: channelOf(duplex), outcome, lines: [] };
}

function overWebSocket(victim: Role, limits: Limits): Promise<Met> {
  return serveOne(victim, limits, (url) =>
    connectWs(url.replace("http", "ws"), { protocols: [sessionSubprotocol] }),
  );
}

function overHttp(victim: Role, limits: Limits): Promise<Met> {
  return serveOne(victim, limits, (url) => connectHttp(url));
}

function overTurns(victim: Role, limits: Limits): Promise<Met> {
  return serveOne(victim, limits, (url) => connectTurns(url));
}
