import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SyncError } from "../../../../src/errors.ts";
import { type ByteChannel, channelOf } from "../../../../src/transport/channel.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { connectParallel } from "../../../../src/transport/parallel/connect-parallel.ts";
import { ParallelChannel } from "../../../../src/transport/parallel/parallel-channel.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A group of eight that an end has begun of which nobody may join, and what is heard of it. */
async function refusedGroup(refuse: () => Promise<ReturnType<typeof duplexPair>[0]>) {
  const there = new ParallelChannel();
  const told: string[] = [];
  let joinCount = 0;
  const connect = connectParallel(
    async ({ opens }) => {
      if (!opens) {
        joinCount++;
        return refuse();
      }
      const [near, far] = duplexPair();
      there.add(channelOf(far));
      return near;
    },
    { connectionCount: 8, onLost: ({ code }) => void told.push(code) },
  );
  const here = channelOf(await connect({}));
  await there.write(Uint8Array.of(1));
  await vi.advanceTimersByTimeAsync(0);
  return { here, there, told, joinCount: () => joinCount };
}

const drain = async (channel: ByteChannel) => {
  for await (const _ of channel.read());
};

const refusals = {
  "when it connects": () => Promise.reject(new SyncError("NOT_FOUND", "no such group")),
  "behind a remote shell, which connects to begin with": async () => {
    const [near, far] = duplexPair();
    setTimeout(() => channelOf(far).abort(new SyncError("NOT_FOUND", "no such group")), 100);
    return near;
  },
};

for (const [when, refuse] of Object.entries(refusals)) {
  test(`whoever is refused ${when} tries one at a time, and then no more`, async () => {
    const { here, told, joinCount } = await refusedGroup(refuse);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(joinCount()).toBe(7 + 4);
    expect(told).toHaveLength(11);
    here.abort(new Error("over"));
  });

  test(`nothing is told of a session that is over before one is refused ${when}`, async () => {
    const { here, there, told, joinCount } = await refusedGroup(refuse);
    expect(joinCount()).toBe(7);
    await vi.advanceTimersByTimeAsync(500);
    const both = [here, there].map((end) => Promise.all([drain(end), end.end()]));
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(both);
    expect(told).toEqual([]);
  });
}

test("connections become more as content moves, unless it is said how many there are", async () => {
  for (const [connectionCount, added] of [
    [undefined, 1],
    [1, 0],
  ]) {
    const there = new ParallelChannel();
    let joinCount = 0;
    const connect = connectParallel(
      async ({ opens }) => {
        if (!opens) joinCount++;
        const [near, far] = duplexPair();
        there.add(channelOf(far));
        return near;
      },
      { connectionCount },
    );
    const here = channelOf(await connect({}));
    const drained = drain(there).catch(() => {});
    await there.write(Uint8Array.of(1));
    for (let second = 0; second < 4; second++) {
      await here.write(new Uint8Array(4 * 1024 * 1024));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(joinCount, `${connectionCount}`).toBe(added);
    here.abort(new Error("over"));
    there.abort(new Error("over"));
    await drained;
  }
});
