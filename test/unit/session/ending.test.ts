import { describe, expect, it, test } from "vitest";

import { fastcdcSpec } from "../../../src/chunk/cutter-specs.ts";
import { SyncError } from "../../../src/errors.ts";
import { createReceiver } from "../../../src/session/create-receiver.ts";
import { createSender } from "../../../src/session/create-sender.ts";
import { FrameReader } from "../../../src/session/frame.ts";
import { type FrameType } from "../../../src/session/frame-types.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { type ByteChannel, channelOf, duplexOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { PlainTarget, plainSource, type PlainEntry, type PlainTree } from "../../plain-tree.ts";
import { xorshiftBytes as random } from "../../vectors/input.ts";

const cutter = fastcdcSpec(256);
const tree: PlainTree = new Map<string, PlainEntry>([
  ["a", { kind: "file", content: random(1, 5000) }],
  ["b", { kind: "file", content: random(2, 5000) }],
]);
const gone = new SyncError("PEER_GONE", "the connection broke");

/** What may become of a connection once DONE has been on it. */
interface Fate {
  readonly read?: () => Promise<never>;
  readonly write?: () => Promise<never>;
  readonly end?: () => Promise<never>;
}

const fail = (): Promise<never> => Promise.reject(gone);

const fates: readonly [string, Fate][] = [
  ["cannot be closed", { end: fail }],
  ["cannot be read any more", { read: fail }],
  ["breaks in every way", { end: fail, read: fail, write: fail }],
];

/**
 * The same channel, on which something else happens from the frame `until` on, in either direction.
 */
function fated(channel: ByteChannel, until: FrameType, fate: Fate): ByteChannel {
  const directions = [new FrameReader(), new FrameReader()] as const;
  let over = false;
  const look = (direction: 0 | 1, bytes: Uint8Array): void => {
    for (const { type } of directions[direction].read(bytes)) over ||= type === until;
  };
  return {
    abort: (reason) => channel.abort(reason),
    end: () => (over && fate.end ? fate.end() : channel.end()),
    async write(bytes) {
      if (over && fate.write) return fate.write();
      look(0, bytes);
      return channel.write(bytes);
    },
    async *read(options) {
      for await (const block of channel.read(options)) {
        look(1, block);
        yield block;
        if (over && fate.read) return fate.read();
      }
    },
  };
}

async function run([atSender, atReceiver]: readonly [Fate, Fate], until: FrameType = "DONE") {
  const [left, right] = duplexPair();
  const target = new PlainTarget();
  const ends = await Promise.allSettled([
    sendTree(plainSource(tree), duplexOf(fated(channelOf(left), until, atSender)), { cutter }),
    receiveTree(target, duplexOf(fated(channelOf(right), until, atReceiver))),
  ]);
  return { sent: ends[0], received: ends[1], target };
}

describe.each(fates)("a connection that %s once DONE was said", (_, fate) => {
  it.each([
    ["the sender", [fate, {}]],
    ["the receiver", [{}, fate]],
    ["both", [fate, fate]],
  ] as const)("is no failure, at %s", async (_end, ends) => {
    const { sent, received, target } = await run(ends);
    expect(sent).toMatchObject({ value: { files: 2, sentBytes: 10_000 } });
    expect(received).toMatchObject({ value: { files: 2, receivedBytes: 10_000 } });
    expect([...target.tree.keys()]).toEqual(["a", "b"]);
  });
});

test("the write of END that fails, when the receiver was done and gone first, is no failure", async () => {
  const [left, right] = duplexPair();
  const inner = channelOf(left);
  const reader = new FrameReader();
  let received: Promise<unknown> = Promise.resolve();
  const late: ByteChannel = {
    abort: (reason) => inner.abort(reason),
    end: () => inner.end(),
    read: (options) => inner.read(options),
    async write(bytes) {
      const types = [...reader.read(bytes)].map(({ type }) => type);
      await inner.write(bytes);
      if (!types.includes("END")) return;
      await received; // a busy end finds out late that what it wrote arrived, and that nobody is there any more
      channelOf(right).abort(gone);
      throw gone;
    },
  };
  const once = duplexOf({
    ...channelOf(right),
    abort() {},
    read: (options) => channelOf(right).read(options),
    write: (bytes) => channelOf(right).write(bytes),
    async end() {
      throw gone;
    },
  });
  received = receiveTree(new PlainTarget(), once);
  await expect(sendTree(plainSource(tree), duplexOf(late), { cutter })).resolves.toMatchObject({ files: 2 });
  await received;
});

test.each(["read", "end"])("a connection whose %s hangs behind DONE is not waited for long", async (call) => {
  const [left, right] = duplexPair();
  const stuck = (channel: ByteChannel): ByteChannel => {
    let unstick: (reason: unknown) => void = () => {};
    const aborted = new Promise<never>((_resolve, reject) => (unstick = reject));
    aborted.catch(() => {});
    return {
      ...fated(channel, "DONE", { [call]: () => aborted }),
      abort(reason) {
        channel.abort(reason);
        unstick(reason);
      },
    };
  };
  const [sent, received] = await Promise.all([
    sendTree(plainSource(tree), duplexOf(stuck(channelOf(left))), { cutter, stallMs: 1000 }),
    receiveTree(new PlainTarget(), duplexOf(stuck(channelOf(right))), { stallMs: 1000 }),
  ]);
  expect(sent.digest).toEqual(received.digest);
});

test("a sender that goes on talking behind END neither disturbs nor holds a receiver that said DONE", async () => {
  const [left, right] = duplexPair();
  const inner = channelOf(left);
  let chatter: ReturnType<typeof setInterval> | undefined;
  const reader = new FrameReader();
  const chatty: ByteChannel = {
    abort() {},
    end: async () => {},
    read: (options) => inner.read(options),
    async write(bytes) {
      const types = [...reader.read(bytes)].map(({ type }) => type);
      await inner.write(bytes);
      if (types.includes("END"))
        chatter = setInterval(() => void inner.write(new Uint8Array(9)).catch(() => {}), 1);
    },
  };
  const sending = sendTree(plainSource(tree), duplexOf(chatty), { cutter });
  await expect(receiveTree(new PlainTarget(), right)).resolves.toMatchObject({ files: 2 });
  clearInterval(chatter);
  await sending;
});

test("a connection that breaks before DONE is a failure, also when END was said", async () => {
  const { sent } = await run([{}, { write: fail, end: fail }], "END");
  expect(sent.status).toBe("rejected");
});

test("of a run that can connect anew, a session whose end cannot be closed is the only one", async () => {
  let attempts = 0;
  const target = new PlainTarget();
  const connect = async () => {
    attempts += 1;
    const [left, right] = duplexPair();
    void receiveTree(target, duplexOf(fated(channelOf(right), "DONE", fates[2]![1])));
    return duplexOf(fated(channelOf(left), "DONE", fates[2]![1]));
  };
  const run = createSender({ connect, openSource: () => plainSource(tree), cutter, retries: 0 });
  await expect(run.done).resolves.toMatchObject({ files: 2, sentBytes: 10_000 });
  expect(attempts).toBe(1);
});

test("the same of a run that receives", async () => {
  let attempts = 0;
  const connect = async () => {
    attempts += 1;
    const [left, right] = duplexPair();
    void sendTree(plainSource(tree), duplexOf(fated(channelOf(left), "DONE", fates[2]![1])), { cutter });
    return duplexOf(fated(channelOf(right), "DONE", fates[2]![1]));
  };
  const run = createReceiver({ connect, openTarget: () => new PlainTarget(), retries: 0 });
  await expect(run.done).resolves.toMatchObject({ files: 2, receivedBytes: 10_000 });
  expect(attempts).toBe(1);
});
