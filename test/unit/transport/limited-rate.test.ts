import { expect, it } from "vitest";
import { channelOf } from "../../../src/transport/channel.ts";
import { limitRate } from "../../../src/transport/limited-rate.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Bytes } from "../../../src/types.ts";
import { outlast, pass, stopTime } from "../../simulated-time.ts";

async function collect(blocks: AsyncIterable<Bytes>): Promise<Bytes[]> {
  const all: Bytes[] = [];
  for await (const block of blocks) all.push(block.slice());
  return all;
}

it("takes no longer than the rate says, and no shorter for a pause", async () => {
  stopTime();
  const [left, right] = duplexPair();
  const channel = channelOf(limitRate(left, 100_000));
  void collect(channelOf(right).read());
  for (const pauseMs of [0, 5000]) {
    await pass(pauseMs);
    const began = performance.now();
    await outlast(channel.write(new Uint8Array(40_000)), 5000, 1);
    // The first tenth of a second is handed over at once.
    expect(Math.abs(performance.now() - began - 300)).toBeLessThan(5);
  }
});

it("takes as long as the rate says, and changes nothing", async () => {
  const [left, right] = duplexPair();
  const channel = channelOf(limitRate(left, 100_000));
  const sent = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
  const received = collect(channelOf(right).read());
  const began = performance.now();
  await channel.write(sent.subarray(0, 5));
  await channel.write(sent.subarray(5));
  await channel.end();
  // The last tenth of a second is handed over at once.
  expect(performance.now() - began).toBeGreaterThan(280);
  const blocks = await received;
  expect(Buffer.concat(blocks).equals(sent)).toBe(true);
  expect(Math.max(...blocks.map(({ length }) => length))).toBeLessThanOrEqual(10_000);
});

it("does not hold up what comes in", async () => {
  const [left, right] = duplexPair();
  const channel = channelOf(limitRate(left, 1));
  const writing = channelOf(right).write(new Uint8Array(10_000));
  const [block] = await collect(take(channel.read(), 1));
  expect(block!.length).toBeGreaterThan(0);
  channel.abort(new Error("enough"));
  await writing.catch(() => {});
});

it("ends a wait when it is aborted, with the reason", async () => {
  const [left] = duplexPair();
  const channel = channelOf(limitRate(left, 1));
  const reason = new Error("enough");
  const writing = channel.write(new Uint8Array(1000));
  channel.abort(reason);
  await expect(writing).rejects.toBe(reason);
  await expect(channel.write(new Uint8Array(1))).rejects.toBe(reason);
});

async function* take<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  let left = count;
  for await (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}
