import { expect, test } from "vitest";
import { equalBytes } from "../../../src/bytes/compare.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { SyncError } from "../../../src/errors.ts";
import { sessionTimes } from "../../../src/session/limits.ts";
import { Link } from "../../../src/session/link.ts";
import { type ExchangedChunks, PeerLink } from "../../../src/swarm/peer-link.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Duplex } from "../../../src/types.ts";
import { noise } from "../http/serving.ts";

const nothing: ExchangedChunks = {
  held: () => [],
  has: () => false,
  get: async () => expect.unreachable(),
  put: async () => {},
};

function peerAt(duplex: Duplex, chunks: Partial<ExchangedChunks>): PeerLink {
  return new PeerLink(new Link(channelOf(duplex), { ...sessionTimes }), { ...nothing, ...chunks });
}

test("a peer that waits for much does not keep this end from asking", async () => {
  const chunks = Array.from({ length: 30 }, (_, i) => chunkOf(noise(1000, i)));
  const wanted = chunkOf(noise(1000, 99));
  const events: string[] = [];
  const [left, right] = duplexPair();
  const giver = peerAt(left, {
    has: () => true,
    async get(id) {
      if (events.length === 0) giver.want(wanted.id);
      events.push("given");
      await new Promise(setImmediate);
      return chunks.find((chunk) => equalBytes(chunk.id, id))!;
    },
  });
  let takenCount = 0;
  const taker = peerAt(right, {
    has: () => events.push("asked") < 0,
    put: async () => void takenCount++,
  });
  const peers = [giver, taker];
  await Promise.all(peers.map((peer, i) => peer.greet({ swarm: "", id: noise(16, i) })));
  for (const { id } of chunks) taker.want(id);
  const runs = Promise.allSettled(peers.map((peer) => peer.run()));
  await expect.poll(() => takenCount).toBe(chunks.length);
  await Promise.all(peers.map((peer) => peer.leave(new SyncError("ABORTED", "over"))));
  await runs;
  expect(events.indexOf("asked")).toBeGreaterThan(0);
  expect(events.indexOf("asked")).toBeLessThan(10);
});
