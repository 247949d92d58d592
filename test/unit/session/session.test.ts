import { describe, expect, it, test } from "vitest";

import { override } from "../../../src/bytes/override.ts";
import { fastcdcSpec } from "../../../src/chunk/cutter-specs.ts";
import { SyncError } from "../../../src/errors.ts";
import { sessionTimes } from "../../../src/session/limits.ts";
import { Link } from "../../../src/session/link.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import type { SendOptions } from "../../../src/session/send.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir } from "../../../src/tree/memory/memory-tree.ts";
import type { TargetOptions } from "../../../src/tree/target.ts";
import type { PlainEntry, PlainSourceOptions, PlainTree } from "../../plain-tree.ts";
import { PlainTarget, plainSource, text } from "../../plain-tree.ts";
import { xorshiftBytes as random } from "../../vectors/input.ts";

const cutter = fastcdcSpec(256);

const base: PlainTree = new Map<string, PlainEntry>([
  ["a", { kind: "dir", mode: 0o755 }],
  ["a/big", { kind: "file", content: random(1, 20_000) }],
  ["a/empty", { kind: "file", content: new Uint8Array(0) }],
  ["a/link", { kind: "symlink", target: "../b", mode: 0o777 }],
  ["a-b", { kind: "file", content: text("sorted after what is in a") }],
  ["b", { kind: "file", content: random(2, 5000), mode: 0o600, mtimeSec: -5 }],
  ["c", { kind: "file", content: random(2, 5000) }],
]);

async function sync(
  source: PlainTree,
  target: PlainTarget,
  options: SendOptions & PlainSourceOptions & { bufferBytes?: number } = {},
) {
  const [left, right] = duplexPair({ bufferBytes: options.bufferBytes ?? 1 << 20 });
  const troubles: SyncError[] = [];
  const onTrouble = (error: SyncError): void => void troubles.push(error);
  const [sent, received] = await Promise.all([
    sendTree(plainSource(source, options), left, { cutter, ...options, onTrouble }),
    receiveTree(target, right, { duplex: (options.mode ?? "duplex") === "duplex" }),
  ]);
  return { sent, received, troubles };
}

function contents(tree: PlainTree): unknown {
  return [...tree]
    .map(([path, { content, ...rest }]) => [
      path,
      content && Buffer.from(content).toString("hex"),
      rest.target,
    ])
    .sort();
}

describe.each(["duplex", "one-way"] as const)("a %s session", (mode) => {
  it("copies a tree into nothing", async () => {
    const target = new PlainTarget();
    const { sent, received } = await sync(base, target, { mode });
    expect(contents(target.tree)).toEqual(contents(base));
    expect(target.committed && target.closed).toBe(true);
    expect(received.digest).toEqual(sent.digest);
    expect(sent).toMatchObject({ entries: 7, files: 5, chunkBytes: 30_025, failed: 0, troubles: 0 });
    expect(received).toMatchObject({ entries: 7, files: 5, chunkBytes: 30_025, failed: 0, troubles: 0 });
  });

  it("sends a chunk once that occurs twice", async () => {
    const { sent, received } = await sync(base, new PlainTarget(), { mode });
    expect(sent.sentBytes).toBe(25_025);
    expect(received.receivedBytes).toBe(25_025);
    expect(received.reusedBytes).toBe(5000);
  });

  it("sends a chunk once that occurs twice in one file", async () => {
    const tree: PlainTree = new Map([["zeros", { kind: "file", content: new Uint8Array(50_000) }]]);
    const target = new PlainTarget();
    const { sent } = await sync(tree, target, { mode });
    expect(contents(target.tree)).toEqual(contents(tree));
    expect(sent.sentBytes).toBeLessThan(2 * cutter.maxBytes + 1);
  });

  it("copies nothing at all", async () => {
    const target = new PlainTarget();
    await sync(new Map(), target, { mode });
    expect(target.tree.size).toBe(0);
    expect(target.committed).toBe(true);
  });

  it("reports a file that changed, and completes the others", async () => {
    const failing = new Map([["b", new SyncError("CHANGED", "b changed")]]);
    const target = new PlainTarget();
    const { sent, received } = await sync(base, target, { mode, failing });
    expect(sent).toMatchObject({ troubles: 1, failed: 0 });
    expect(received).toMatchObject({ failed: 1, failedAtSender: 1, files: 4, troubles: 1 });
    const expected = new Map(base);
    expected.delete("b");
    expect(contents(target.tree)).toEqual(contents(expected));
  });

  it("goes on when the target fails at an entry", async () => {
    const target = new PlainTarget(new Map(), new Set(["a/big"]));
    const { sent, received } = await sync(base, target, { mode });
    expect(received).toMatchObject({ failed: 1, failedAtSender: 0 });
    expect(sent.failed).toBe(mode === "duplex" ? 1 : 0);
    const expected = new Map(base);
    expected.delete("a/big");
    expect(contents(target.tree)).toEqual(contents(expected));
  });

  it("works through a transport that holds a hundred bytes", async () => {
    const target = new PlainTarget();
    await sync(base, target, { mode, bufferBytes: 100, batchCount: 1 });
    expect(contents(target.tree)).toEqual(contents(base));
  });

  it("compresses what shrinks when asked to", async () => {
    const tree: PlainTree = new Map([
      ["text", { kind: "file", content: text("all work and no play ".repeat(5000)) }],
    ]);
    const plain = await sync(tree, new PlainTarget(), { mode, compress: false, cutter: fastcdcSpec(65_536) });
    const target = new PlainTarget();
    const packed = await sync(tree, target, { mode, compress: true, cutter: fastcdcSpec(65_536) });
    expect(contents(target.tree)).toEqual(contents(tree));
    expect(packed.sent.wireSentBytes).toBeLessThan(plain.sent.wireSentBytes / 10);
  });
});

test("content is compressed when the receiver asks for it, and its beginning in any case, unless the sender would not", async () => {
  const tree: PlainTree = new Map([
    ["words", { kind: "file", content: text("all work and no play ".repeat(250_000)) }],
  ]);
  const sizes: number[] = [];
  for (const [asks, given] of [
    [false, {}],
    [true, { compress: false }],
    [true, {}],
  ] as const) {
    const [left, right] = duplexPair({ bufferBytes: 1 << 20 });
    const target = new PlainTarget();
    const [sent] = await Promise.all([
      sendTree(plainSource(tree), left, { cutter: fastcdcSpec(65_536), ...given }),
      receiveTree(target, right, { compress: asks }),
    ]);
    expect(contents(target.tree)).toEqual(contents(tree));
    sizes.push(sent.wireSentBytes);
  }
  const [unasked, refused, asked] = sizes as [number, number, number];
  expect(refused).toBeGreaterThan(5_000_000);
  expect(unasked).toBeGreaterThan(500_000);
  expect(unasked).toBeLessThan(2_000_000);
  expect(asked).toBeLessThan(100_000);
});

describe("a duplex session", () => {
  const old = new Map(base);

  it("pareco 12: asks for nothing when nothing changed", async () => {
    const first = new PlainTarget();
    await sync(base, first);
    const target = new PlainTarget(first.tree);
    const { sent } = await sync(base, target);
    expect(target.asked).toEqual([]);
    expect(sent).toMatchObject({ files: 0, sentBytes: 0 });
    expect(sent.wireSentBytes).toBeLessThan(400);
  });

  it("sends the chunks around an edit only", async () => {
    const content = random(1, 20_000);
    content.set(text("edited"), 10_000);
    const tree = new Map(base).set("a/big", { kind: "file", content, mtimeSec: 7 });
    const target = new PlainTarget(old);
    const { sent } = await sync(tree, target);
    expect(contents(target.tree)).toEqual(contents(tree));
    expect(sent.sentBytes).toBeGreaterThan(0);
    expect(sent.sentBytes).toBeLessThan(2000);
  });

  it("sends nothing for a renamed file but its ids", async () => {
    const tree = new Map(base).set("z", base.get("a/big")!);
    const target = new PlainTarget(old);
    const { sent } = await sync(tree, target);
    expect(contents(target.tree)).toEqual(contents(tree));
    expect(sent.sentBytes).toBe(0);
  });

  const twoFiles: PlainTree = new Map([
    ["big", { kind: "file", content: random(9, 20_000) }],
    ["small", { kind: "file", content: text("small") }],
  ]);
  const other: PlainTree = new Map([["other", { kind: "file", content: text("other") }]]);

  it("reads content again that it did not keep", async () => {
    const target = new PlainTarget(other);
    const { sent } = await sync(twoFiles, target, { keptContentBytes: 0 });
    expect(sent).toMatchObject({ files: 2, sentBytes: 20_005, troubles: 0 });
    expect(target.tree.get("big")?.content).toEqual(random(9, 20_000));
  });

  it("reads nothing again for a receiver that is slow to answer, and wants all", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `${i}`.padStart(2, "0"));
    const files: PlainTree = new Map(
      names.map((name, i) => [name, { kind: "file", content: random(i + 1, 20_000) }]),
    );
    const target = new PlainTarget(other);
    const slow = override(target, {
      async place(lists) {
        for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
        return target.place(lists);
      },
    });
    const options = { keptContentBytes: 300_000, unreadable: new Set(names) };
    const { sent } = await sync(files, slow as PlainTarget, options);
    expect(sent).toMatchObject({ files: 60, sentBytes: 1_200_000, troubles: 0 });
  });

  it("skips what it cannot read again, and completes the others", async () => {
    const target = new PlainTarget(other);
    const options = { keptContentBytes: 0, unreadable: new Set(["big"]) };
    const { sent, received } = await sync(twoFiles, target, options);
    expect(sent.troubles).toBe(1); // though each of its chunks was asked for
    expect(received).toMatchObject({ files: 1, failed: 1 });
    expect([...target.tree.keys()].sort()).toEqual(["other", "small"]);
  });

  it("tells the sender why the receiver gives up", async () => {
    const [left, right] = duplexPair();
    const target = new PlainTarget();
    target.plan = () => Promise.reject(new SyncError("NO_SPACE", "the disk is full"));
    const [sent, received] = await Promise.allSettled([
      sendTree(plainSource(base), left, { cutter }),
      receiveTree(target, right),
    ]);
    expect(received).toMatchObject({ reason: { code: "NO_SPACE", remote: false } });
    expect(sent).toMatchObject({ reason: { code: "NO_SPACE", remote: true, message: "the disk is full" } });
  });

  it("tells the receiver what is wrong with its answers", async () => {
    const [left, right] = duplexPair();
    const receiver = new Link(channelOf(right), sessionTimes);
    const sending = sendTree(plainSource(base), left, { cutter });
    await receiver.send("CREDIT", new Uint8Array(3), "none");
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { type } of receiver.frames()) heard.push(type);
    })();
    await expect(sending).rejects.toMatchObject({ code: "BAD_FRAME", remote: false });
    await listening.catch(() => {});
    expect(heard.at(-1)).toBe("ERROR");
    receiver.close();
  });
});

test.each(["contents", "named"] as const)("a source that says %s is sent as that", async (layout) => {
  const [left, right] = duplexPair();
  const opened: string[] = [];
  const copy = memoryTarget(memoryDir());
  const target = override(copy, {
    open(options: TargetOptions) {
      opened.push(options.layout);
      return copy.open(options);
    },
  });
  const source = memorySource(memoryDir({ file: "" }), layout === "named" ? { name: "top" } : {});
  await Promise.all([sendTree(source, left), receiveTree(target, right)]);
  expect(opened).toEqual([layout]);
});
