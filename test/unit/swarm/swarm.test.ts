import { expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import type { SyncError } from "../../../src/errors.ts";
import type { FrameType } from "../../../src/session/frame-types.ts";
import { FrameReader, FrameWriter, preamble } from "../../../src/session/frame.ts";
import { type SendSummary, sendTree } from "../../../src/session/send.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { homeOf } from "../../../src/swarm/home.ts";
import { encodePeerHello } from "../../../src/swarm/peer-hello.ts";
import { createSwarmPeer, type SwarmPeer, type SwarmPeerOptions } from "../../../src/swarm/swarm-peer.ts";
import { type ByteChannel, channelOf, duplexOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { type MemoryDir, memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import type { Bytes, Duplex } from "../../../src/types.ts";
import { noise } from "../http/serving.ts";

const treeBytes = 3_000_000;

function sampleTree(): MemoryDir {
  return memoryDir({
    big: memoryFile(noise(2_000_000, 7)),
    copy: memoryFile(noise(2_000_000, 7)),
    empty: memoryFile(""),
    small: memoryDir(
      Object.fromEntries(
        Array.from({ length: 100 }, (_, i) => [`f${i}`, memoryFile(noise(10_000, 100 + i))]),
      ),
    ),
  });
}

/**
 * A sender that counts what leaves it, and runs `act` each time it has written that many blocks.
 */
function senderOf(tree: MemoryDir, act?: (writes: number, channel: ByteChannel) => void) {
  const sent: Promise<SendSummary>[] = [];
  let writes = 0;
  return {
    sent,
    async connect(): Promise<Duplex> {
      const [ours, theirs] = duplexPair({ bufferBytes: 65_536 });
      const source = memorySource(tree);
      const channel = channelOf(ours);
      const watched: ByteChannel = {
        read: (options) => channel.read(options),
        end: () => channel.end(),
        abort: (reason) => channel.abort(reason),
        async write(bytes) {
          act?.(writes++, channel);
          return channel.write(bytes);
        },
      };
      const sending = sendTree(source, duplexOf(watched));
      sending.catch(() => {});
      sent.push(sending);
      return theirs;
    },
    async sentBytes(): Promise<number> {
      const ended = await Promise.allSettled(sent);
      return ended.reduce((sum, end) => sum + (end.status === "fulfilled" ? end.value.sentBytes : 0), 0);
    },
  };
}

function peerOf(
  sender: Pick<ReturnType<typeof senderOf>, "connect">,
  options: Partial<SwarmPeerOptions> = {},
) {
  return createSwarmPeer({
    connect: () => sender.connect(),
    store: memoryStore(),
    firstWaitMs: 1,
    ...options,
  });
}

async function introduce(a: SwarmPeer, b: SwarmPeer): Promise<void> {
  const [left, right] = duplexPair();
  await Promise.all([a.join(left), b.join(right)]);
}

async function introduceAll(peers: readonly SwarmPeer[]): Promise<void> {
  for (const [i, a] of peers.entries()) for (const b of peers.slice(i + 1)) await introduce(a, b);
}

function digestOf(dir: MemoryDir): string {
  const lines = [...dir.children].map(([name, node]) => {
    const content =
      node.kind === "dir"
        ? digestOf(node)
        : Buffer.from(node.kind === "file" ? sha256(node.bytes) : node.target);
    return `${name} ${content.toString("hex")}`;
  });
  return Buffer.from(sha256(Buffer.from(lines.sort().join("\n")))).toString("hex");
}

async function receiveAll(peers: readonly SwarmPeer[], tree: MemoryDir): Promise<void> {
  const copies = await Promise.all(
    peers.map(async (peer) => {
      const copy = memoryDir();
      await peer.receive(memoryTarget(copy));
      return copy;
    }),
  );
  for (const copy of copies) expect(digestOf(copy)).toBe(digestOf(tree));
}

async function closeAll(peers: readonly SwarmPeer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.close()));
}

/** A peer that is played by the test: it greets, and then says what it is told to. */
async function playedPeer(peer: SwarmPeer, swarm = "", heldCount = 0) {
  const [ours, theirs] = duplexPair();
  const channel = channelOf(ours);
  const writer = new FrameWriter();
  const reader = new FrameReader();
  const heard: FrameType[] = [];
  const wanted: Bytes[] = [];
  const say = (type: FrameType, payload: Bytes) =>
    channel.write(concatBytes(writer.write(type, payload, "none")));
  const listening = (async () => {
    for await (const block of channel.read())
      for (const { type, payload } of reader.read(block)) {
        heard.push(type);
        for (let at = 0; type === "WANT" && at < payload.length; at += 32)
          wanted.push(payload.slice(at, at + 32));
        if (type === "ERROR") await channel.end(); // or it would be waited for
      }
  })().catch(() => {});
  await channel.write(preamble);
  await say("HELLO", encodePeerHello({ swarm, id: crypto.getRandomValues(new Uint8Array(16)), heldCount }));
  const joined = peer.join(theirs);
  joined.catch(() => {});
  return { say, heard, wanted, listening, joined, abort: () => channel.abort(new Error("gone")) };
}

test("content leaves the sender once, and each peer gets all of it", async () => {
  const tree = sampleTree();
  const sender = senderOf(tree);
  const peers = [peerOf(sender), peerOf(sender), peerOf(sender)];
  await introduceAll(peers);
  await receiveAll(peers, tree);
  const statuses = peers.map(({ status }) => status);
  await closeAll(peers);
  expect(await sender.sentBytes()).toBe(treeBytes);
  expect(sender.sent).toHaveLength(3);
  for (const { fromSenderBytes, fromPeersBytes } of statuses) {
    expect(fromSenderBytes + fromPeersBytes).toBe(treeBytes);
    expect(fromSenderBytes).toBeLessThan(treeBytes * 0.6);
  }
});

test("one that joins late gets from the others what they have", async () => {
  const tree = sampleTree();
  const sender = senderOf(tree);
  const first = peerOf(sender);
  await receiveAll([first], tree);
  const late = peerOf(sender);
  await introduce(first, late);
  await receiveAll([late], tree);
  expect(late.status).toMatchObject({ fromSenderBytes: 0, fromPeersBytes: treeBytes });
  await closeAll([first, late]);
  expect(await sender.sentBytes()).toBe(treeBytes);
});

test("one that says it has chunks, and then does not name them, is not waited for", async () => {
  const impatient = peerOf(senderOf(memoryDir()), { patienceMs: 50 });
  const idler = await playedPeer(impatient, "", 1000);
  await expect(idler.joined).rejects.toMatchObject({ code: "STALLED" });
  await impatient.close();
  const peer = peerOf(senderOf(memoryDir()));
  const boaster = await playedPeer(peer, "", 262_145);
  await expect(boaster.joined).rejects.toMatchObject({ code: "LIMIT" });
  const liar = await playedPeer(peer, "", 1);
  await liar.say("HAVE", new Uint8Array(64));
  await expect(liar.joined).rejects.toMatchObject({ code: "UNSOLICITED" });
  await peer.close();
});

test("a peer alone gets all of it from the sender", async () => {
  const tree = sampleTree();
  const sender = senderOf(tree);
  const peer = peerOf(sender);
  await receiveAll([peer], tree);
  await expect(peer.receive(memoryTarget(memoryDir()))).rejects.toMatchObject({ code: "STATE" });
  await peer.close();
  expect(await sender.sentBytes()).toBe(treeBytes);
});

test("a peer that leaves in the middle does not stop the others", async () => {
  const tree = sampleTree();
  const left: SyncError[] = [];
  let leaver: SwarmPeer | undefined;
  const sender = senderOf(tree, (writes) => {
    if (writes === 12) void leaver?.close();
  });
  const peers = [0, 1].map(() => peerOf(sender, { onLeave: (error) => left.push(error) }));
  leaver = peerOf(sender);
  await introduceAll([...peers, leaver]);
  const lost = expect(leaver.receive(memoryTarget(memoryDir()))).rejects.toMatchObject({ code: "ABORTED" });
  await receiveAll(peers, tree);
  await lost;
  await closeAll(peers);
  expect(left.length).toBe(2);
});

test("what a peer had to deliver when it left is asked of the sender", async () => {
  const tree = sampleTree();
  const sender = senderOf(tree);
  const peer = peerOf(sender);
  const leaver = await playedPeer(peer);
  await leaver.joined;
  const receiving = receiveAll([peer], tree);
  while (leaver.wanted.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  leaver.abort();
  await receiving;
  await peer.close();
  expect(sender.sent).toHaveLength(2);
  expect(await sender.sentBytes()).toBe(treeBytes);
});

test("a peer that delivers nothing is left after a while", async () => {
  const tree = sampleTree();
  const sender = senderOf(tree);
  const left: SyncError[] = [];
  const peer = peerOf(sender, { patienceMs: 1000, onLeave: (error) => left.push(error) });
  const idler = await playedPeer(peer);
  await idler.joined;
  await receiveAll([peer], tree);
  expect(idler.wanted.length).toBeGreaterThan(0);
  expect(left.map(({ code }) => code)).toEqual(["STALLED"]);
  await peer.close();
});

test.each<[string, FrameType, (wanted: Bytes) => Bytes, string]>([
  ["other bytes than were asked for", "DATA", () => noise(5000, 1), "UNSOLICITED"],
  ["a frame of a session", "ENTRIES", () => new Uint8Array(3), "BAD_FRAME"],
  ["a list of ids that is cut off", "WANT", () => new Uint8Array(33), "BAD_MESSAGE"],
  ["too many wishes", "WANT", () => noise(1025 * 32, 3), "LIMIT"],
])("a peer that sends %s is left, and all comes all the same", async (_, type, payload, code) => {
  const tree = sampleTree();
  const sender = senderOf(tree);
  const left: SyncError[] = [];
  const peer = peerOf(sender, { onLeave: (error) => left.push(error) });
  const liar = await playedPeer(peer);
  await liar.joined;
  const receiving = receiveAll([peer], tree);
  while (liar.wanted.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await liar.say(type, payload(liar.wanted[0]!));
  await receiving;
  expect(left.map((error) => error.code)).toEqual([code]);
  await liar.listening;
  expect(liar.heard.at(-1)).toBe("ERROR");
  await peer.close();
});

test("64 peers at most, and those that leave make room and leave nothing behind", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  const peer = peerOf(senderOf(memoryDir()));
  for (let round = 0; round < 3; round++) {
    const others = await Promise.all(Array.from({ length: 64 }, () => playedPeer(peer)));
    await Promise.all(others.map(({ joined }) => joined));
    expect(peer.status.peerCount).toBe(64);
    await expect((await playedPeer(peer)).joined).rejects.toMatchObject({ code: "LIMIT" });
    for (const other of others) other.abort();
    while (peer.status.peerCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await peer.close();
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

test("peers of another swarm, and one that is here already, are refused", async () => {
  const sender = senderOf(memoryDir());
  const peer = peerOf(sender, { name: "one" });
  const stranger = await playedPeer(peer, "two");
  await expect(stranger.joined).rejects.toMatchObject({ code: "NOT_FOUND" });
  const [left, right] = duplexPair();
  const both = await Promise.allSettled([peer.join(left), peer.join(right)]);
  expect(both.map((end) => end.status)).toEqual(["rejected", "rejected"]);
  expect(peer.status.peerCount).toBe(0);
  await peer.close();
  await expect((await playedPeer(peer, "one")).joined).rejects.toMatchObject({ code: "STATE" });
});

test("a session's end that is no peer is refused at once", async () => {
  const peer = peerOf(senderOf(memoryDir()));
  const [left, right] = duplexPair();
  const source = memorySource(memoryDir());
  const sending = sendTree(source, right);
  await expect(peer.join(left)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(sending).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await peer.close();
});

test("when the sender fails everybody is told why", async () => {
  const tree = sampleTree();
  let broken = false;
  const sender = senderOf(tree, (writes, channel) => {
    broken ||= writes > 10;
    if (broken) channel.abort(new Error("the line is cut"));
  });
  const peers = [peerOf(sender, { retries: 1 }), peerOf(sender, { retries: 1 })];
  await introduceAll(peers);
  for (const end of await Promise.allSettled(peers.map((peer) => peer.receive(memoryTarget(memoryDir())))))
    expect(end).toMatchObject({
      status: "rejected",
      reason: { code: "PEER_GONE" },
    });
  await closeAll(peers);
});

test("each member is the home of its share, and keeps it when another leaves", () => {
  const members = Array.from({ length: 4 }, (_, i) => ({ id: noise(16, 50 + i) }));
  const chunks = Array.from({ length: 4000 }, (_, i) => noise(32, 1000 + i));
  const homes = chunks.map((chunk) => homeOf(chunk, members));
  for (const member of members) {
    const share = homes.filter((home) => home === member).length;
    expect(share).toBeGreaterThan(800);
    expect(share).toBeLessThan(1200);
  }
  const rest = members.slice(1);
  for (const [i, chunk] of chunks.entries())
    if (homes[i] !== members[0]) expect(homeOf(chunk, rest)).toBe(homes[i]);
});
