import { sha256 } from "../../../src/chunk/digest.ts";
import { createRelay, type Relay, type RelayOptions } from "../../../src/relay/relay.ts";
import { receiveTree, type ReceiveSummary } from "../../../src/session/receive.ts";
import { FrameReader } from "../../../src/session/frame.ts";
import { sendTree } from "../../../src/session/send.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { type ByteChannel, channelOf, duplexOf, type ReadOptions } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { type MemoryDir, memoryDir, memoryFile, memoryLink } from "../../../src/tree/memory/memory-tree.ts";
import type { Bytes, Duplex } from "../../../src/types.ts";
import { noise } from "../http/serving.ts";

export const whole = { components: [], contents: true };

export function sampleTree(): MemoryDir {
  const many = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`f${i}`, memoryFile(noise(3000 + i, i + 1))]),
  );
  return memoryDir({
    big: memoryFile(noise(600_000, 77)),
    copy: memoryFile(noise(600_000, 77)),
    empty: memoryFile(""),
    link: memoryLink("big"),
    many: memoryDir(many),
    none: memoryDir(),
  });
}

/** A tree for tests that pass it on many times. */
export function smallTree(): MemoryDir {
  const many = Object.fromEntries([1, 2, 3].map((i) => [`f${i}`, memoryFile(noise(2000 + i, i))]));
  return memoryDir({ big: memoryFile(noise(60_000, 77)), empty: memoryFile(""), many: memoryDir(many) });
}

/** All that is in a directory, for comparison. */
export function picture(dir: MemoryDir): unknown {
  return [...dir.children]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, node]) => {
      if (node.kind === "dir") return [name, picture(node)];
      return [
        name,
        Buffer.from(node.kind === "file" ? sha256(node.bytes) : node.target).toString("hex"),
        node.mtimeSec,
      ];
    });
}

/** An upstream that counts what leaves it, with a gate that lets through so many writes. */
export function upstreamOf(
  tree: MemoryDir,
  wrap: (channel: ByteChannel, attempt: number) => ByteChannel = (c) => c,
) {
  let attempts = 0;
  const sent: number[] = [];
  return {
    sent,
    attempts: () => attempts,
    async connect(): Promise<Duplex> {
      const [ours, theirs] = duplexPair();
      const source = memorySource(tree);
      const attempt = attempts++;
      void sendTree(source, duplexOf(wrap(channelOf(ours), attempt)))
        .then(({ sentBytes }) => sent.push(sentBytes))
        .catch(() => {});
      return theirs;
    },
  };
}

export function relayOf(connect: RelayOptions["connect"], options: Partial<RelayOptions> = {}): Relay {
  return createRelay({ connect, store: memoryStore(), firstWaitMs: 1, random: () => 0, ...options });
}

/** A downstream of a relay; `wrap` is what it does to its connection. */
export async function pullFrom(
  relay: Relay,
  wrap: (channel: ByteChannel) => ByteChannel = (channel) => channel,
  signal?: AbortSignal,
): Promise<{ tree: MemoryDir; summary: ReceiveSummary }> {
  const { source, layout, cutter } = await relay.share.openTree(whole, signal ? { signal } : {});
  const [ours, theirs] = duplexPair();
  const sending = sendTree(source, ours, { ...(layout && { layout }), ...(cutter && { cutter }) }).finally(
    () => void source.close(),
  );
  sending.catch(() => {});
  const tree = memoryDir();
  const summary = await receiveTree(memoryTarget(tree), duplexOf(wrap(channelOf(theirs))));
  await sending;
  return { tree, summary };
}

/**
 * Lets a sender's channel through until the first frame of content would be complete, then does
 * something else.
 */
export function beforeContent(channel: ByteChannel, then: () => Promise<void>): ByteChannel {
  const reader = new FrameReader();
  return {
    ...afterWrites(channel, -1, () => {}),
    async write(bytes) {
      for (const { type } of reader.read(bytes)) if (type === "DATA" || type === "PUSH") await then();
      return channel.write(bytes);
    },
  };
}

/** A connection, and whether all that came through it was heard: its reader waits for more. */
export function heardThrough(channel: ByteChannel): { channel: ByteChannel; isWaiting: () => boolean } {
  let waiting = false;
  async function* read(options?: ReadOptions): AsyncGenerator<Bytes> {
    waiting = true;
    for await (const block of channel.read(options)) {
      waiting = false;
      yield block;
      waiting = true;
    }
  }
  return { channel: { ...afterWrites(channel, -1, () => {}), read }, isWaiting: () => waiting };
}

/** Lets a sender's channel through until so many writes were made, then does something else. */
export function afterWrites(
  channel: ByteChannel,
  count: number,
  then: () => Promise<void> | void,
): ByteChannel {
  let writes = 0;
  return {
    ...channel,
    read: (options) => channel.read(options),
    abort: (reason) => channel.abort(reason),
    end: () => channel.end(),
    async write(bytes) {
      if (writes++ === count) await then();
      return channel.write(bytes);
    },
  };
}
