import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "../../src/bytes/compare.ts";
import { isSyncError } from "../../src/errors.ts";
import { FrameWriter, preamble } from "../../src/session/frame.ts";
import { frameTypes, type FrameType } from "../../src/session/frame-types.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { encodePeerHello } from "../../src/swarm/peer-hello.ts";
import { createSwarmPeer } from "../../src/swarm/swarm-peer.ts";
import { channelOf } from "../../src/transport/channel.ts";
import { duplexPair } from "../../src/transport/memory.ts";

const anyFrame = fc.record({
  type: fc.constantFrom(...(Object.keys(frameTypes) as FrameType[])),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ minLength: 32, maxLength: 32 }), // an id
  ),
});

test("whatever a peer says, in whatever order, it is heard or left with a typed error", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(anyFrame, { minLength: 1, maxLength: 8 }),
      async (greets, frames) => {
        const left: unknown[] = [];
        await using peer = createSwarmPeer({
          connect: () => Promise.reject(new Error("nobody fetches here")),
          store: memoryStore(),
          onLeave: (error) => left.push(error),
        });
        const [ours, theirs] = duplexPair();
        const channel = channelOf(ours);
        const writer = new FrameWriter();
        const hello = encodePeerHello({ swarm: "", id: new Uint8Array(16), heldCount: 0 });
        const said = [...(greets ? [{ type: "HELLO" as const, payload: hello }] : []), ...frames].flatMap(
          ({ type, payload }) => writer.write(type, payload, "none"),
        );
        const listening = (async () => {
          for await (const _ of channel.read());
        })().catch(() => {});
        await channel.write(concatBytes([preamble, ...said]));
        await channel.end();
        await peer.join(theirs).catch((thrown: unknown) => left.push(thrown));
        while (peer.status.peerCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
        expect(left).toHaveLength(1);
        expect(isSyncError(left[0])).toBe(true);
        expect(left[0]).not.toMatchObject({ code: "INTERNAL" });
        await peer.close();
        await listening;
      },
    ),
    { numRuns: 300 },
  );
});
