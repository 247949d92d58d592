import { describe, expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import type { Relay, RelayOptions } from "../../../src/relay/relay.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { type ByteChannel, channelOf, duplexOf } from "../../../src/transport/channel.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { type MemoryDir, memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import type { Bytes, Duplex } from "../../../src/types.ts";
import { noise, until } from "../http/serving.ts";
import {
  afterWrites,
  beforeContent,
  heardThrough,
  picture,
  pullFrom,
  relayOf,
  sampleTree,
  smallTree,
  upstreamOf,
  whole,
} from "./relaying.ts";

async function countWrites(tree: MemoryDir): Promise<number> {
  let writes = 0;
  const upstream = upstreamOf(tree, (channel) => ({
    ...afterWrites(channel, -1, () => {}),
    write: (bytes) => (writes++, channel.write(bytes)),
  }));
  const relay = relayOf(upstream.connect);
  await pullFrom(relay);
  await relay.close();
  return writes;
}

describe("a relay", () => {
  test("passes a tree on, and its content leaves the upstream once for ten downstreams", async () => {
    const tree = sampleTree();
    const upstream = upstreamOf(tree);
    const relay = relayOf(upstream.connect);
    const copies = await Promise.all(Array.from({ length: 10 }, () => pullFrom(relay)));
    for (const copy of copies) expect(picture(copy.tree)).toEqual(picture(tree));
    expect(upstream.attempts()).toBe(1);
    expect(upstream.sent[0]).toBeLessThan(600_000 + 40 * 3100);
    expect(relay.status).toMatchObject({ readerCount: 0, treeCount: 1, receivedBytes: upstream.sent[0] });
    await relay.close();
  });

  test("sends while it still receives, and waits for nothing but news", async () => {
    const tree = sampleTree();
    let open = (): void => {};
    const held = new Promise<void>((resolve) => (open = resolve));
    const writes = await countWrites(tree);
    const upstream = upstreamOf(tree, (channel) => afterWrites(channel, writes - 2, () => held));
    const relay = relayOf(upstream.connect);
    let receivedBytes = 0;
    const pulling = pullFrom(relay, (channel) => ({
      ...afterWrites(channel, -1, () => {}),
      async *read(options) {
        for await (const block of channel.read(options)) {
          receivedBytes += block.length;
          yield block;
        }
      },
    }));
    await until(() => receivedBytes >= 300_000);
    open();
    expect(picture((await pulling).tree)).toEqual(picture(tree));
    await relay.close();
  });

  test("a downstream may join at any moment of the upstream's session", async () => {
    const tree = smallTree();
    const writes = await countWrites(tree);
    expect(writes).toBeGreaterThan(10);
    for (let at = 0; at < writes; at++) {
      const late: Promise<unknown>[] = [];
      let relay: Relay | undefined;
      const upstream = upstreamOf(tree, (channel) =>
        afterWrites(channel, at, () => void late.push(pullFrom(relay!))),
      );
      relay = relayOf(upstream.connect);
      const first = await pullFrom(relay);
      const [second] = (await Promise.all(late)) as { tree: MemoryDir }[];
      expect(picture(first.tree)).toEqual(picture(tree));
      expect(picture(second!.tree)).toEqual(picture(tree));
      expect(upstream.attempts()).toBe(1);
      await relay.close();
    }
  });

  test("an upstream that dies at any moment is asked again, and only for what is missing", async () => {
    const tree = smallTree();
    const writes = await countWrites(tree);
    for (let at = 1; at < writes; at++) {
      const upstream = upstreamOf(tree, (channel, attempt) =>
        attempt > 0
          ? channel
          : afterWrites(channel, at, () => channel.abort(new SyncError("PEER_GONE", "cut"))),
      );
      const relay = relayOf(upstream.connect);
      const { tree: copy } = await pullFrom(relay);
      expect(picture(copy)).toEqual(picture(tree));
      expect(upstream.attempts()).toBe(2);
      expect(relay.status.receivedBytes).toBe(60_000 + 2001 + 2002 + 2003);
      await relay.close();
    }
  });

  test("an upstream that stays away: each downstream is told, at once", async () => {
    const upstream = upstreamOf(sampleTree(), (channel) =>
      afterWrites(channel, 4, () => channel.abort(new SyncError("PEER_GONE", "cut"))),
    );
    const relay = relayOf(upstream.connect, { retries: 2 });
    const results = await Promise.allSettled([pullFrom(relay), pullFrom(relay)]);
    for (const result of results)
      expect(result).toMatchObject({ reason: { code: "UPSTREAM", remote: true } });
    expect(upstream.attempts()).toBeGreaterThan(1);
    await relay.close();
  });

  test("what the upstream has not got is not found downstream", async () => {
    const relay = relayOf(async () => {
      throw new SyncError("NOT_FOUND", "no such place", { remote: true });
    });
    await expect(pullFrom(relay)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await relay.close();
  });

  test("a tree that changed while the upstream was away: CHANGED, then the new one", async () => {
    const tree = sampleTree();
    const upstream = upstreamOf(tree, (channel, attempt) =>
      attempt > 0
        ? channel
        : afterWrites(channel, 4, () => {
            tree.children.set("big", memoryFile(noise(500_000, 5)));
            channel.abort(new SyncError("PEER_GONE", "cut"));
          }),
    );
    const relay = relayOf(upstream.connect);
    await expect(pullFrom(relay)).rejects.toMatchObject({ code: "CHANGED" });
    expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
    await relay.close();
  });

  /**
   * An upstream that keeps nothing in memory, and fails to read again what it has to, in so many
   * sessions.
   */
  function forgetfulUpstream(tree: MemoryDir, failingCount: number) {
    let attempts = 0;
    return {
      attempts: () => attempts,
      async connect(): Promise<Duplex> {
        const [ours, theirs] = duplexPair();
        const source = memorySource(tree);
        const fails = attempts++ < failingCount;
        const read: typeof source.read = (file, offset, size, options) =>
          fails
            ? Promise.reject(new SyncError("IO", "the disk is tired"))
            : source.read(file, offset, size, options);
        void sendTree({ ...source, read }, ours, { layout: source.layout, keptContentBytes: 0 }).catch(
          () => {},
        );
        return theirs;
      },
    };
  }

  test("content that the upstream announced and could not deliver is asked for once more", async () => {
    const tree = sampleTree();
    const upstream = forgetfulUpstream(tree, 1);
    const relay = relayOf(upstream.connect);
    expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
    expect(upstream.attempts()).toBe(2);
    await relay.close();
  });

  test("content that the upstream never delivers: each downstream is told", async () => {
    const relay = relayOf(forgetfulUpstream(sampleTree(), 100).connect);
    await expect(pullFrom(relay)).rejects.toMatchObject({ code: "CHANGED", remote: true });
    await relay.close();
  });

  test("one that asks when all others are gone gets what is upstream now", async () => {
    const tree = sampleTree();
    const upstream = upstreamOf(tree);
    const relay = relayOf(upstream.connect);
    await pullFrom(relay);
    const before = relay.status.receivedBytes;
    tree.children.set("new", memoryFile("news"));
    expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
    expect(relay.status.receivedBytes).toBe(before + 4);
    await relay.close();
  });

  test("a downstream that stands still holds nobody up, and one that leaves leaves nothing", async () => {
    const tree = sampleTree();
    const relay = relayOf(upstreamOf(tree).connect);
    let leave = (): void => {};
    const stalled = pullFrom(relay, (channel) => {
      const gone = new Promise<never>((_, reject) => {
        leave = () => {
          reject(new SyncError("ABORTED", "gone"));
          channel.abort(new SyncError("ABORTED", "gone"));
        };
      });
      return { ...afterWrites(channel, -1, () => {}), read: () => readOnce(channel, gone) };
    });
    stalled.catch(() => {});
    expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
    expect(relay.status.readerCount).toBe(1);
    leave();
    await expect(stalled).rejects.toMatchObject({ name: "SyncError" });
    await until(() => relay.status.readerCount === 0);
    await relay.close();
  });

  test("parts that are asked for by themselves come first, and once", async () => {
    const tree = sampleTree();
    const asked: string[] = [];
    let open = (): void => {};
    const held = new Promise<void>((resolve) => (open = resolve));
    const relay = relayOf(async ({ path }) => {
      const name = path.components.map((bytes) => Buffer.from(bytes).toString()).join("/");
      asked.push(name);
      const part = name === "" ? tree : (tree.children.get(name) as MemoryDir);
      const hold = (channel: ByteChannel) => (name === "" ? afterWrites(channel, 2, () => held) : channel);
      return upstreamOf(part, hold).connect();
    });
    const wholeTree = pullFrom(relay);
    const path = { components: [Buffer.from("many")], contents: true };
    const { source, layout, cutter } = await relay.share.openTree(path, {});
    const [ours, theirs] = duplexPair();
    void sendTree(source, ours, { ...(layout && { layout }), ...(cutter && { cutter }) }).finally(
      () => void source.close(),
    );
    const part = memoryDir();
    await receiveTree(memoryTarget(part), theirs);
    expect(picture(part)).toEqual(picture(tree.children.get("many") as MemoryDir));
    const early = relay.status.receivedBytes;
    open();
    await wholeTree;
    expect(asked).toEqual(["", "many"]);
    expect(relay.status.receivedBytes).toBe(early + 600_000);
    await relay.close();
  });

  test("what a part was to bring and did not, the whole asks for", async () => {
    const tree = sampleTree();
    const asked: string[] = [];
    let cut = (): void => {};
    const held = new Promise<void>((resolve) => (cut = resolve));
    let hasHeardAll = (): boolean => false;
    const wholeUpstream = upstreamOf(tree);
    const relay = relayOf(
      async ({ path }) => {
        const name = path.components.map((bytes) => Buffer.from(bytes).toString()).join("/");
        asked.push(name);
        if (name === "") return wholeUpstream.connect();
        let announced = false;
        const cutOff = (channel: ByteChannel) =>
          beforeContent(channel, async () => {
            announced = true;
            await held;
            channel.abort(new SyncError("PEER_GONE", "cut"));
          });
        const part = await upstreamOf(tree.children.get(name) as MemoryDir, cutOff).connect();
        const { channel, isWaiting } = heardThrough(channelOf(part));
        hasHeardAll = () => announced && isWaiting();
        return duplexOf(channel);
      },
      { retries: 0 },
    );
    const path = { components: [Buffer.from("many")], contents: true };
    const part = await relay.share.openTree(path, {});
    const listing = part.source.entries({ onTrouble: () => {} })[Symbol.asyncIterator]();
    await listing.next();
    await until(() => hasHeardAll());
    const pulling = pullFrom(relay);
    await until(() => wholeUpstream.sent.length > 0);
    cut();
    expect(picture((await pulling).tree)).toEqual(picture(tree));
    expect(asked).toEqual(["many", "", ""]);
    await part.source.close();
    await relay.close();
  });

  test("relays in a row, and none in a circle", async () => {
    const tree = sampleTree();
    const far = relayOf(upstreamOf(tree).connect);
    const through =
      (relay: Relay): RelayOptions["connect"] =>
      async ({ via }) => {
        const { source, layout, cutter } = await relay.share.openTree(whole, { via });
        const [ours, theirs] = duplexPair();
        void sendTree(source, ours, { ...(layout && { layout }), ...(cutter && { cutter }) }).finally(
          () => void source.close(),
        );
        return theirs;
      };
    const near = relayOf(through(relayOf(through(far))));
    expect(picture((await pullFrom(near)).tree)).toEqual(picture(tree));

    const ring: Relay[] = [];
    for (let i = 0; i < 3; i++) ring.push(relayOf((request) => through(ring[(i + 1) % 3]!)(request)));
    await expect(pullFrom(ring[0]!)).rejects.toMatchObject({ message: expect.stringContaining("circle") });

    let last = far;
    for (let i = 0; i < 9; i++) last = relayOf(through(last));
    await expect(pullFrom(last)).rejects.toMatchObject({
      message: expect.stringContaining("more than 8 relays"),
    });
  });

  test("nothing can be put into it from below", () => {
    expect(relayOf(upstreamOf(memoryDir()).connect).share.openTarget).toBeUndefined();
  });
});

/** The first block, and then nothing more. */
async function* readOnce(channel: ByteChannel, gone: Promise<never>): AsyncGenerator<Bytes> {
  for await (const block of channel.read()) {
    yield block;
    await gone;
  }
}
