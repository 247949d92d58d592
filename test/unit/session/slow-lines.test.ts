import { beforeEach, expect, test } from "vitest";

import { fastcdcSpec } from "../../../src/chunk/cutter-specs.ts";
import { SyncError } from "../../../src/errors.ts";
import { sessionTimes } from "../../../src/session/limits.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { serverLimits } from "../../../src/http/listener.node.ts";
import { type ByteChannel, channelOf, type ChannelDuplex, duplexOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { WriteGate } from "../../../src/transport/write-gate.ts";
import type { Bytes } from "../../../src/types.ts";
import { type PlainEntry, PlainTarget, plainSource } from "../../plain-tree.ts";
import { outlast, stopTime } from "../../simulated-time.ts";
import { xorshiftBytes as random } from "../../vectors/input.ts";

const bufferBytes = 8 << 20;
const leastRate = serverLimits.serverRateBytes;
const cutter = fastcdcSpec(8192);
/** As a server asks for it. */
const liveness = { ...sessionTimes, minRateBytes: leastRate };

/**
 * A channel whose writes vanish into a buffer: they seem to be taken at once until it is full, and
 * then not at all before half of it has left, at a steady pace.
 */
function throughBuffer(inner: ByteChannel, bytesPerSecond: number): ByteChannel & { carriedBytes(): number } {
  const stepMs = 100;
  const gate = new WriteGate();
  const waiting: Bytes[] = [];
  let heldBytes = 0;
  let isFull = false;
  let allowance = 0;
  let carried = 0;
  let ended = false;
  const carry = setInterval(() => {
    allowance = Math.min(allowance + (bytesPerSecond * stepMs) / 1000, bytesPerSecond);
    while (allowance >= 1 && waiting.length > 0) {
      const part = waiting[0]!.subarray(0, Math.floor(allowance));
      if (part.length === waiting[0]!.length) waiting.shift();
      else waiting[0] = waiting[0]!.subarray(part.length);
      allowance -= part.length;
      heldBytes -= part.length;
      carried += part.length;
      void inner.write(part.slice()).catch(() => {});
    }
    if (isFull && heldBytes <= bufferBytes / 2) {
      isFull = false;
      gate.open();
    }
    if (ended && waiting.length === 0) {
      clearInterval(carry);
      void inner.end().catch(() => {});
    }
  }, stepMs);
  return {
    copiesWrites: true,
    carriedBytes: () => carried,
    read: (options) => inner.read(options),
    async write(bytes) {
      gate.enter();
      while (isFull) await gate.wait();
      waiting.push(bytes.slice());
      heldBytes += bytes.length;
      isFull = heldBytes >= bufferBytes;
      if (isFull) await gate.wait();
    },
    async end() {
      if (gate.end()) ended = true;
    },
    abort(reason) {
      clearInterval(carry);
      gate.break(reason);
      inner.abort(reason);
    },
  };
}

/** Both ends of a line that is slow from left to right. */
function slowPair(bytesPerSecond: number): [ChannelDuplex, ChannelDuplex, () => number] {
  const [left, right] = duplexPair();
  const slow = throughBuffer(channelOf(left), bytesPerSecond);
  return [duplexOf(slow), right, () => slow.carriedBytes()];
}

const tree = (bytes: number) =>
  new Map<string, PlainEntry>([["large", { kind: "file", content: random(1, bytes) }]]);

beforeEach(stopTime);

const windows = { data: 64 << 20 };

test.each([1.5, 10, 40])(
  "a receiver at %d times the least rate behind a buffer of 8 MiB is not stalled",
  async (times) => {
    const [left, right, carriedBytes] = slowPair(times * leastRate);
    const enough = new AbortController();
    const { signal } = enough;
    const minutes = 10;
    const halfTime = setTimeout(
      () => enough.abort(new SyncError("ABORTED", "long enough")),
      minutes * 60_000,
    );
    const ends = Promise.allSettled([
      sendTree(plainSource(tree(14 << 20)), left, { cutter, ...liveness, signal }),
      receiveTree(new PlainTarget(), right, { ...liveness, windows, signal }),
    ]);
    const [sent, received] = await outlast(ends, (minutes + 1) * 60_000, 1000);
    clearTimeout(halfTime);
    for (const end of [sent, received]) {
      if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "ABORTED" });
    }
    expect(carriedBytes()).toBeGreaterThan(Math.min(14 << 20, minutes * 59 * times * leastRate));
  },
);

test("a sender at 1.5 times the least rate behind such a buffer is not stalled by a server", async () => {
  const [left, right] = slowPair(1.5 * leastRate);
  const ends = Promise.all([
    sendTree(plainSource(tree(600_000)), left, { cutter }),
    receiveTree(new PlainTarget(), right, liveness),
  ]);
  const [sent] = await outlast(ends, 600_000, 1000);
  expect(sent.sentBytes).toBe(600_000);
});

test("a receiver at half the least rate behind such a buffer is stalled", async () => {
  const [left, right] = slowPair(leastRate / 2);
  const ends = Promise.allSettled([
    sendTree(plainSource(tree(14 << 20)), left, { cutter, ...liveness }),
    receiveTree(new PlainTarget(), right, { ...sessionTimes, windows }),
  ]);
  const [sent] = await outlast(ends, 900_000, 1000);
  expect(sent).toMatchObject({ reason: { code: "STALLED" } });
});

test("pareco 4: a file that takes ten minutes to be hashed is synchronised", async () => {
  const hashingMs = 600_000;
  const source = plainSource(tree(100_000));
  async function* cutSlowly(...given: Parameters<typeof source.cut>) {
    await new Promise((resolve) => setTimeout(resolve, hashingMs));
    yield* source.cut(...given);
  }
  const [left, right] = duplexPair();
  const ends = Promise.all([
    sendTree({ ...source, cut: cutSlowly }, left, { cutter, ...sessionTimes }),
    receiveTree(new PlainTarget(), right, sessionTimes),
  ]);
  const [sent] = await outlast(ends, 2 * hashingMs, 1000);
  expect(sent.sentBytes).toBe(100_000);
});
