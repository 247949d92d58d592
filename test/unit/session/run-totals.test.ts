import { expect, test } from "vitest";

import { fastcdcSpec } from "../../../src/chunk/cutter-specs.ts";
import { createReceiver } from "../../../src/session/create-receiver.ts";
import { createSender } from "../../../src/session/create-sender.ts";
import { type ReceiveSummary, receiveTree } from "../../../src/session/receive.ts";
import { type SendSummary, sendTree } from "../../../src/session/send.ts";
import { faultyDuplex } from "../../../src/testing/faulty-duplex.ts";
import { channelOf, duplexOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { Duplex } from "../../../src/types.ts";
import { type PlainEntry, PlainTarget, type PlainTree, plainSource } from "../../plain-tree.ts";
import { xorshiftBytes as random } from "../../vectors/input.ts";

const fileCount = 40;
const fileBytes = 40_000;
const treeBytes = fileCount * fileBytes;
const cutter = fastcdcSpec(4096);
const windows = { entries: 100, chunks: 1000, data: 10_000 };

function treeOf(seed: number): Map<string, PlainEntry> {
  const entries: [string, PlainEntry][] = [];
  for (let index = 0; index < fileCount; index++) {
    const name = String(index).padStart(3, "0");
    entries.push([name, { kind: "file", content: random(seed + index, fileBytes) }]);
  }
  return new Map(entries);
}

/**
 * A connection whose first attempts break when the receiver has got so many bytes; counts all that
 * is on the wire.
 */
function connections(breakAtBytes: readonly number[]) {
  let attempts = 0;
  let wireBytes = 0;
  const counted = (duplex: Duplex): Duplex => {
    const inner = channelOf(duplex);
    return duplexOf({
      abort: (reason) => inner.abort(reason),
      end: () => inner.end(),
      write: (bytes) => inner.write(bytes),
      async *read(options) {
        for await (const block of inner.read(options)) {
          wireBytes += block.length;
          yield block;
        }
      },
    });
  };
  return {
    attempts: () => attempts,
    wireBytes: () => wireBytes,
    next(): [atSender: Duplex, atReceiver: Duplex] {
      const [left, right] = duplexPair({ bufferBytes: 1000 });
      const cutAtBytes = breakAtBytes[attempts++];
      return [
        counted(left),
        cutAtBytes === undefined ? counted(right) : faultyDuplex(counted(right), { cutAtBytes }),
      ];
    },
  };
}

const patience = { retries: 5, firstWaitMs: 0 };

async function pushThrough(source: PlainTree, old: PlainTree, breakAtBytes: readonly number[]) {
  let target = new PlainTarget(old);
  const line = connections(breakAtBytes);
  let newBytes = 0;
  let receiving: Promise<unknown> = Promise.resolve();
  const connect = async () => {
    await receiving; // which may still hold the target
    const [left, right] = line.next();
    target = new PlainTarget(target.tree);
    receiving = receiveTree(target, right, { windows }).catch(() => {});
    return left;
  };
  const openSource = () => plainSource(source, { batchCount: 4 });
  const onProgress = ({ sentBytes }: { sentBytes: number }): void => void (newBytes = sentBytes);
  const summary: SendSummary = await createSender({ connect, openSource, cutter, ...patience, onProgress })
    .done;
  expect(newBytes).toBe(summary.sentBytes);
  return { summary, line, target };
}

async function pullThrough(source: PlainTree, old: PlainTree, breakAtBytes: readonly number[]) {
  let target = new PlainTarget(old);
  const line = connections(breakAtBytes);
  let sentBytes = 0;
  const connect = async () => {
    const [left, right] = line.next();
    let sentNow = 0;
    void sendTree(plainSource(source, { batchCount: 4 }), left, {
      cutter,
      onProgress: (progress) => {
        sentBytes += progress.sentBytes - sentNow;
        sentNow = progress.sentBytes;
      },
    }).catch(() => {});
    return right;
  };
  const summary: ReceiveSummary = await createReceiver({
    connect,
    openTarget: () => (target = new PlainTarget(target.tree)),
    windows,
    ...patience,
  }).done;
  return { summary, line, target, sentBytes: () => sentBytes };
}

const breaks = [[], [treeBytes / 2], [treeBytes / 4, treeBytes / 4, treeBytes / 5]];

test.each(breaks)("the summary of a push tells all of its attempts", async (...breakAtBytes) => {
  const { summary, line, target } = await pushThrough(treeOf(1), new Map(), breakAtBytes);
  expect(line.attempts()).toBe(breakAtBytes.length + 1);
  expect(target.tree.size).toBe(fileCount);
  expect(summary).toMatchObject({ entries: fileCount, troubles: 0, failed: 0 });
  expect(summary.files).toBeGreaterThanOrEqual(fileCount);
  expect(summary.sentBytes).toBeGreaterThanOrEqual(treeBytes);
  // What was under way when a line broke may be counted again, and no more.
  const underWay = breakAtBytes.length * 200_000;
  expect(summary.chunkBytes).toBeGreaterThanOrEqual(treeBytes - underWay);
  expect(summary.chunkBytes).toBeLessThanOrEqual(treeBytes + underWay);
  expect(summary.wireSentBytes).toBeGreaterThanOrEqual(summary.sentBytes);
});

test.each(breaks)("the summary of a pull tells all of its attempts", async (...breakAtBytes) => {
  const { summary, line, target, sentBytes } = await pullThrough(treeOf(1), new Map(), breakAtBytes);
  expect(line.attempts()).toBe(breakAtBytes.length + 1);
  expect(target.tree.size).toBe(fileCount);
  expect(summary).toMatchObject({ entries: fileCount, files: fileCount, chunkBytes: treeBytes, failed: 0 });
  expect(summary.finishedBytes).toBe(treeBytes);
  expect(summary.receivedBytes).toBeGreaterThanOrEqual(treeBytes);
  expect(summary.receivedBytes).toBeLessThanOrEqual(sentBytes());
  expect(summary.reusedBytes).toBe(0);
  expect(summary.wireReceivedBytes).toBeGreaterThanOrEqual(summary.receivedBytes);
});

test("what was here before a pull counts as used again, in whichever attempt", async () => {
  const [before, after] = [treeOf(1), treeOf(1)];
  for (const [path, entry] of after) {
    const content = Uint8Array.from([...entry.content!]);
    content.set(random(9, 100), 100);
    after.set(path, { ...entry, content, mtimeSec: 7 });
  }
  const { summary, line } = await pullThrough(after, before, [100_000]);
  expect(line.attempts()).toBe(2);
  expect(summary).toMatchObject({ files: fileCount, chunkBytes: treeBytes });
  expect(summary.reusedBytes).toBe(treeBytes - summary.receivedBytes);
  expect(summary.receivedBytes).toBeLessThan(treeBytes / 2);
});

test("a session that breaks off counts as used again what it found, and nothing that was to come", async () => {
  const [here, fresh] = [treeOf(1), treeOf(100)];
  const both = new Map([
    ...[...here].map(([name, entry]) => [`a${name}`, entry] as const),
    ...[...fresh].map(([name, entry]) => [`b${name}`, entry] as const),
  ]);
  for (const cutAtBytes of [100_000, 500_000, 1_000_000]) {
    const [left, right] = duplexPair({ bufferBytes: 1000 });
    let [sent, received] = [0, 0];
    const sending = sendTree(plainSource(both, { batchCount: 4 }), left, {
      cutter,
      onProgress: ({ reusedBytes }) => void (sent = reusedBytes),
    });
    const receiving = receiveTree(new PlainTarget(here), faultyDuplex(right, { cutAtBytes }), {
      windows,
      onProgress: ({ reusedBytes }) => void (received = reusedBytes),
    });
    for (const end of await Promise.allSettled([sending, receiving])) expect(end.status).toBe("rejected");
    expect(sent).toBe(treeBytes);
    expect(received).toBe(treeBytes);
  }
});
