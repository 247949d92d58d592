import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { SyncError } from "../../../src/errors.ts";
import type { SharedFile } from "../../../src/http/share.ts";
import type { Relay } from "../../../src/relay/relay.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { createSwarmPeer } from "../../../src/swarm/swarm-peer.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { type MemoryDir, memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import type { TreeSource } from "../../../src/tree/source.ts";
import type { Duplex } from "../../../src/types.ts";
import { beforeContent, picture, pullFrom, relayOf, sampleTree, upstreamOf, whole } from "./relaying.ts";

function openBig(relay: Relay, goesOn = false): Promise<SharedFile> {
  return relay.share.openFile({ components: [Buffer.from("big")], contents: false }, { goesOn });
}

/** Waits for all chunks of a file at once. */
function chunksOf(file: SharedFile): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(file.info.chunks.map(({ id }) => file.chunk(id, {})));
}

describe("what a relay's downstreams are told", () => {
  test("an upstream that cannot be reached is told of as that, at every request", async () => {
    const relay = relayOf(async () => {
      throw new SyncError("PEER_GONE", "could not connect: ECONNREFUSED");
    });
    const told = {
      code: "UPSTREAM",
      message: expect.stringMatching(/upstream cannot be reached.*ECONNREFUSED/),
    };
    for (const asked of [pullFrom(relay), openBig(relay), pullFrom(relay)]) {
      await expect(asked).rejects.toMatchObject(told);
    }
    await relay.close();
  });

  test("what the upstream refuses is its own affair, and what the relay cannot keep is the relay's", async () => {
    const errors = [
      [new SyncError("UNAUTHORIZED", "wrong token", { remote: true }), "UPSTREAM"],
      [new SyncError("LIMIT", "too many sessions", { remote: true }), "UPSTREAM"],
      [new SyncError("NOT_FOUND", "no such place", { remote: true }), "NOT_FOUND"],
      [new SyncError("NO_SPACE", "the disk is full"), "NO_SPACE"],
    ] as const;
    for (const [error, code] of errors) {
      const relay = relayOf(() => Promise.reject(error));
      await expect(pullFrom(relay)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(error.message),
      });
      await relay.close();
    }
  });

  test("who waits for a chunk of a single file when the upstream stays away is told at once", async () => {
    const tree = sampleTree();
    let cut = (): void => {};
    const held = new Promise<void>((resolve) => (cut = resolve));
    const hold = (channel: Parameters<typeof beforeContent>[0]) =>
      beforeContent(channel, async () => {
        await held;
        channel.abort(new SyncError("PEER_GONE", "cut"));
      });
    const relay = relayOf(upstreamOf(tree, hold).connect, { retries: 0 });
    const file = await openBig(relay);
    const waiting = chunksOf(file);
    cut();
    expect((await waiting).at(-1)).toMatchObject({ reason: { code: "UPSTREAM" } });
    expect((await chunksOf(file)).at(-1)).toMatchObject({ reason: { code: "UPSTREAM" } });
    await relay.close();
  });

  test("the two requests for a file are of one state of the tree, the next one of what is there then", async () => {
    const upstream = upstreamOf(sampleTree());
    const relay = relayOf(upstream.connect);
    const first = await openBig(relay);
    await pullFrom(relay); // until all is there
    await first.close();
    const second = await openBig(relay, true);
    expect(second.version).toBe(first.version);
    expect(upstream.attempts()).toBe(1);
    await second.close();
    await (await openBig(relay)).close();
    expect(upstream.attempts()).toBe(2);
    await relay.close();
  });

  test("a chunk that the store has lost: told at once to all, and asked for again for the next", async () => {
    const tree = sampleTree();
    const store = memoryStore();
    const upstream = upstreamOf(tree);
    const relay = relayOf(upstream.connect, { store });
    const file = await openBig(relay);
    await pullFrom(relay); // until all is there
    const { id } = file.info.chunks.at(-1)!;
    await store.delete(id);
    const lost = { code: "CHUNK_MISSING" };
    // The tree is read by somebody, so others join it.
    for (const pulled of await Promise.allSettled([pullFrom(relay), pullFrom(relay)]))
      expect(pulled).toMatchObject({ reason: lost });
    await expect(file.chunk(id, {})).rejects.toMatchObject(lost);
    expect(picture((await pullFrom(relay)).tree)).toEqual(picture(tree));
    await file.close();
    await relay.close();
  });
});

describe("what the upstream could not list is deleted nowhere below it", () => {
  const tooLong = (): MemoryDir =>
    Array.from({ length: 20 }).reduce<MemoryDir>((dir) => memoryDir({ ["d".repeat(250)]: dir }), memoryDir());
  const tree = (): MemoryDir => memoryDir({ kept: memoryFile("k") });

  const upstreams: readonly [string, () => TreeSource, readonly string[], readonly string[]][] = [
    ["whole", () => memorySource(tree()), ["kept"], []],
    [
      "with a path that is too long",
      () => {
        const dir = tree();
        dir.children.set("long", tooLong());
        return memorySource(dir);
      },
      ["extra", "kept", "long"],
      [expect.stringMatching(/^PATH long\/d/)],
    ],
    ["with a directory that cannot be read", () => unreadable(tree(), "IO"), ["extra", "kept"], ["IO sub"]],
    ["with a pipe, which nobody has", () => unreadable(tree(), "UNSUPPORTED"), ["kept"], ["UNSUPPORTED sub"]],
  ];

  function unreadable(dir: MemoryDir, code: "IO" | "UNSUPPORTED"): TreeSource {
    const source = memorySource(dir);
    return override(source as TreeSource, {
      async *entries(options) {
        yield* source.entries(options);
        options.onTrouble?.(new SyncError(code, "no", { detail: { path: "sub" } }));
      },
    });
  }

  function place(): string {
    const work = mkdtempSync(join(tmpdir(), "rsync-stream-relay-"));
    onTestFinished(() => rmSync(work, { recursive: true, force: true }));
    mkdirSync(join(work, "to"));
    writeFileSync(join(work, "to/extra"), "x");
    return join(work, "to");
  }

  function connectTo(open: () => TreeSource): () => Promise<Duplex> {
    return async () => {
      const [ours, theirs] = duplexPair();
      void sendTree(open(), ours, { layout: "contents" }).catch(() => {});
      return theirs;
    };
  }

  test.each(upstreams)("by a relay: %s", async (_, open, left, named) => {
    const to = place();
    const relay = relayOf(connectTo(open));
    for (let time = 0; time < 2; time++) {
      const { source, layout } = await relay.share.openTree(whole, {});
      const [ours, theirs] = duplexPair();
      const sending = sendTree(source, ours, { ...(layout && { layout }) });
      const told: string[] = [];
      const onTrouble = ({ code, detail }: SyncError): void => void told.push(`${code} ${detail.path ?? ""}`);
      await receiveTree(await openTreeTarget(to, { maxDeletedCount: 10 }), theirs, { onTrouble });
      const { troubles } = await sending;
      await source.close();
      const isWhole = !left.includes("extra");
      // The relay names what is missing, and the target says that it deletes nothing.
      expect({ told, troubles }).toEqual({
        told: [...named, ...(isWhole ? [] : ["PARTIAL "])],
        troubles: named.length,
      });
    }
    expect(
      readdirSync(to)
        .filter((name) => !name.startsWith("."))
        .sort(),
    ).toEqual(left);
    await relay.close();
  });

  test.each(upstreams)("by a peer of a swarm: %s", async (_, open, left) => {
    const to = place();
    const peer = createSwarmPeer({ connect: connectTo(open), store: memoryStore() });
    await peer.receive(await openTreeTarget(to, { maxDeletedCount: 10 }));
    await peer.close();
    expect(
      readdirSync(to)
        .filter((name) => !name.startsWith("."))
        .sort(),
    ).toEqual(left);
  });
});
