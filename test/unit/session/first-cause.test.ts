import { describe, expect, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { SyncError } from "../../../src/errors.ts";
import { createReceiver } from "../../../src/session/create-receiver.ts";
import { createSender } from "../../../src/session/create-sender.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Duplex } from "../../../src/types.ts";
import { PlainTarget, plainSource, text } from "../../plain-tree.ts";

const closing = new SyncError("IO", "the disk went away");
const first = new SyncError("LIMIT", "what went wrong first");
const options = { retries: 0, onTrouble: () => {} };

function source() {
  return override(plainSource(new Map()), { close: () => Promise.reject(closing) });
}

function target() {
  return override(new PlainTarget(), { close: () => Promise.reject(closing) });
}

type Connect = () => Promise<Duplex>;

/** What closes something in the end, each over a connection that it is given. */
const runs: Readonly<Record<string, (connect: Connect) => Promise<unknown>>> = {
  receiveTree: async (connect) => receiveTree(target(), await connect()),
  createReceiver: (connect) => createReceiver({ ...options, connect, openTarget: async () => target() }).done,
  createSender: (connect) => createSender({ ...options, connect, openSource: async () => source() }).done,
};

/** A connection to an end that does its part, whatever that is. */
async function toGoodPeer(name: string): Promise<Duplex> {
  const [ours, theirs] = duplexPair();
  const peer =
    name === "createSender"
      ? receiveTree(new PlainTarget(), theirs)
      : sendTree(plainSource(new Map()), theirs);
  peer.catch(() => {});
  return ours;
}

async function toBrokenPeer(): Promise<Duplex> {
  const [ours] = duplexPair();
  channelOf(ours).abort(first);
  return ours;
}

describe.each(Object.entries(runs))("a close that fails in the end of %s", (name, run) => {
  test("is told of when all else went well", async () => {
    await expect(run(() => toGoodPeer(name))).rejects.toBe(closing);
  });

  test("does not hide why the session broke", async () => {
    await expect(run(toBrokenPeer)).rejects.toBe(first);
  });

  test("does not hide why there is no connection", async () => {
    await expect(run(() => Promise.reject(first))).rejects.toBe(first);
  });
});

test("a cut is closed though closing the listing fails too", async () => {
  let closedCount = 0;
  const plain = plainSource(new Map([["f", { kind: "file", content: text("content") }]]));
  const source = override(plain, {
    entries: (options) => closingWith(plain.entries(options), () => Promise.reject(closing)),
    cut: (...args) => closingWith(plain.cut(...args), async () => void (closedCount += 1)),
  });
  const [ours, theirs] = duplexPair();
  const receiving = receiveTree(new PlainTarget(), theirs);
  await expect(sendTree(source, ours)).rejects.toBe(closing);
  await receiving;
  expect(closedCount).toBe(1);
});

/** The same, with something else done when its reader leaves. */
function closingWith<Item>(items: AsyncIterable<Item>, close: () => Promise<void>): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => iterator.next(),
      async return() {
        await close();
        return { done: true, value: undefined };
      },
    }),
  };
}
