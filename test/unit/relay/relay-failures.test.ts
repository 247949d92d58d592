import { describe, expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import type { SharedFile } from "../../../src/http/share.ts";
import type { Relay } from "../../../src/relay/relay.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { beforeContent, picture, pullFrom, relayOf, sampleTree, upstreamOf } from "./relaying.ts";

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
