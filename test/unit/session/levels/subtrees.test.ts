import { describe, expect, it } from "vitest";
import { toSyncError } from "../../../../src/errors.ts";
import { decodeEntries, encodeEntries } from "../../../../src/session/levels/entries/entry-codec.ts";
import { subtreesFeature } from "../../../../src/session/hello.ts";
import { SubtreeReading } from "../../../../src/session/levels/subtrees/subtree-reading.ts";
import {
  decodeRoot,
  decodeSubtrees,
  encodeRoot,
  encodeSubtrees,
} from "../../../../src/session/levels/subtrees/subtree-codec.ts";
import { sessionLimits } from "../../../../src/session/limits.ts";
import { receiveTree, type ReceiveSummary } from "../../../../src/session/receive.ts";
import { sendTree, type SendSummary } from "../../../../src/session/send.ts";
import { seededRandom } from "../../../../src/testing/random.ts";
import { channelOf } from "../../../../src/transport/channel.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import type { Entry } from "../../../../src/tree/entry/entry.ts";
import { memorySource } from "../../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import {
  type MemoryDir,
  memoryDir,
  memoryFile,
  memoryLink,
} from "../../../../src/tree/memory/memory-tree.ts";
import type { TreeSource } from "../../../../src/tree/source.ts";
import type { ReadTargetSubtrees } from "../../../../src/tree/subtrees.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { asLarge } from "../../../as-large.ts";
import { PlayedPeer } from "../../../interop/played-peer.ts";

const { smallTreeCount, subtreesFrameCount } = sessionLimits;

async function sync<File>(
  source: TreeSource<File>,
  target: TreeTarget,
): Promise<{ readonly sent: SendSummary; readonly received: ReceiveSummary }> {
  const [near, far] = duplexPair();
  const [sent, received] = await Promise.all([
    sendTree(source, near, { helloMs: 0, stallMs: 0 }),
    receiveTree(target, far, { helloMs: 0, stallMs: 0 }),
  ]);
  return { sent, received };
}

/** Directories in directories, with files and links, the same for the same seed. */
function randomTree(random: () => number, depth = 3): MemoryDir {
  const names = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, i) => `n${i}`);
  const nodeFor = (): MemoryDir["children"] extends Map<string, infer Node> ? Node : never => {
    const kind = random();
    if (depth > 0 && kind < 0.5) return randomTree(random, depth - 1);
    const times = { mtimeSec: Math.floor(random() * 4), mtimeNsec: 0 };
    if (kind < 0.6) return memoryLink(`to${Math.floor(random() * 2)}`, times);
    // As size and time decide, these two decide the content.
    return memoryFile(`${times.mtimeSec}`.repeat(1 + Math.floor(random() * 9)), times);
  };
  return memoryDir(Object.fromEntries(names.map((name) => [name, nodeFor()])));
}

/** All of a tree as plain values. */
function plain(dir: MemoryDir): unknown {
  const children = [...dir.children].sort(([a], [b]) => (a < b ? -1 : 1));
  return children.map(([name, node]) => [name, node.kind === "dir" ? [node.mode, plain(node)] : node]);
}

function countOf(dir: MemoryDir): number {
  let count = 0;
  for (const node of dir.children.values()) count += 1 + (node.kind === "dir" ? countOf(node) : 0);
  return count;
}

function copyOf(dir: MemoryDir): MemoryDir {
  const children = [...dir.children].map(
    ([name, node]) => [name, node.kind === "dir" ? copyOf(node) : node] as const,
  );
  return { ...dir, children: new Map(children) };
}

describe("a session of trees that are not small", () => {
  it("takes a few frames where nothing has changed", async () => {
    const files = Array.from({ length: smallTreeCount + 1 }, (_, i) => [`f${i}`, memoryFile("same")]);
    const tree = memoryDir({ all: memoryDir(Object.fromEntries(files)) });
    const { sent, received } = await sync(memorySource(tree), memoryTarget(copyOf(tree)));
    expect(sent).toMatchObject({ entries: 1, sameEntries: smallTreeCount + 2, files: 0 });
    expect(received).toMatchObject({ entries: 1, sameEntries: smallTreeCount + 2 });
    expect(sent.wireSentBytes + sent.wireReceivedBytes).toBeLessThan(450);
  });

  it("ends with what the sender has, whatever was there, and lists no more than differs", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    let spared = 0;
    for (let run = 0; run < 200; run++) {
      const tree = randomTree(random);
      const there = copyOf(tree);
      const other = randomTree(random);
      // Some of it is there, some is something else.
      for (const name of [...there.children.keys()]) {
        const node = other.children.get(name);
        if (random() < 0.3 && node?.kind === there.children.get(name)!.kind) there.children.set(name, node);
        else if (random() < 0.2) there.children.delete(name);
      }
      const { sent, received } = await sync(asLarge(memorySource(tree)), memoryTarget(there));
      const about = `seed ${seed}, run ${run}`;
      expect(sent.entries + sent.sameEntries, about).toBe(countOf(tree) + 1);
      expect(received.sameEntries, about).toBe(sent.sameEntries);
      for (const [name, node] of tree.children) {
        const now = there.children.get(name);
        if (node.kind !== "dir") expect(now, about).toEqual(node);
        else if (received.failed === 0) expect(now?.kind, about).toBe("dir");
      }
      spared += sent.sameEntries;
      // Once more, over a copy: nothing but the top is listed.
      const again = await sync(asLarge(memorySource(tree)), memoryTarget(copyOf(tree)));
      expect(again.sent, about).toMatchObject({ entries: 1, sameEntries: countOf(tree) });
      expect(again.sent.wireSentBytes + again.sent.wireReceivedBytes, about).toBeLessThanOrEqual(300);
    }
    expect(spared).toBeGreaterThan(100);
  });

  it("lists all of a small one at once", async () => {
    const tree = randomTree(seededRandom(1));
    const { sent } = await sync(memorySource(tree), memoryTarget(copyOf(tree)));
    expect(sent).toMatchObject({ entries: countOf(tree) + 1, sameEntries: 0 });
    expect(sent.frames.sent).not.toHaveProperty("COMPARE");
  });

  it("lists all for a receiver that cannot tell what it has", async () => {
    const tree = randomTree(seededRandom(2));
    const there = copyOf(tree);
    const able = memoryTarget(there);
    const unable = new Proxy(able, {
      get: (_, name) => {
        const value = name === "subtrees" ? undefined : (Reflect.get(able, name) as unknown);
        return typeof value === "function" ? (value.bind(able) as unknown) : value;
      },
    });
    const { sent } = await sync(asLarge(memorySource(tree)), unable);
    expect(sent).toMatchObject({ entries: countOf(tree) + 1, sameEntries: 0 });
    expect(plain(there)).toEqual(plain(tree));
  });

  it("goes on where the receiver has nothing under that name, or a file", async () => {
    const tree = randomTree(seededRandom(3));
    for (const there of [memoryDir({ other: "x" }), memoryDir({ top: "a file" })]) {
      const { sent } = await sync(asLarge(memorySource(tree, { name: "top" })), memoryTarget(there));
      expect(sent).toMatchObject({ entries: countOf(tree) + 1, sameEntries: 0, failed: 0 });
    }
  });
});

const root: Entry = {
  depth: 0,
  name: Uint8Array.of(0x2e),
  kind: "dir",
  size: 0,
  mode: 0o755,
  mtimeSec: 0,
  mtimeNsec: 0,
};
const sub: Entry = { ...root, depth: 1, name: Uint8Array.of(0x64) };
const below: Entry = { ...sub, depth: 2, kind: "file", name: Uint8Array.of(0x66) };

/** A sender that is played, and how the receiver that it talks to ended. */
function playSender(there = memoryDir({ d: memoryDir({ f: "x" }) })) {
  const [left, right] = duplexPair();
  const peer = new PlayedPeer(channelOf(left));
  const troubles: string[] = [];
  const outcome = receiveTree(memoryTarget(there), right, {
    helloMs: 0,
    stallMs: 0,
    onTrouble: ({ code }) => void troubles.push(code),
  }).then(
    () => "ok",
    (thrown: unknown) => toSyncError(thrown).code,
  );
  const list = (...entries: Entry[]): Promise<void> =>
    peer.say("ENTRIES", encodeEntries(entries.map((entry) => ({ entry, unasked: false }))));
  return { peer, outcome, troubles, list };
}

const dot = Uint8Array.of(0x2e);

describe("a receiver that is lied to", () => {
  it("refuses complete directories before it has told what it has", async () => {
    for (const says of [[], ["COMPARE"]] as const) {
      const { peer, outcome, list } = playSender();
      await peer.sayHello("sender", [subtreesFeature]);
      for (const type of says) await peer.say(type, dot);
      await list(root, { ...sub, isComplete: true });
      expect(await outcome).toBe("UNSOLICITED");
    }
  });

  it("refuses questions that are out of turn, or not agreed on", async () => {
    const turns = [["ROOT"], ["COMPARE", "COMPARE"], ["COMPARE", "ROOT", "ROOT"]] as const;
    for (const says of turns) {
      const { peer, outcome } = playSender();
      await peer.sayHello("sender", [subtreesFeature]);
      const root = encodeRoot({ entryCount: 1, mac: undefined });
      for (const type of says) await peer.say(type, type === "ROOT" ? root : dot);
      expect(await outcome, says.join(" ")).toBe("UNSOLICITED");
    }
    const late = playSender();
    await late.peer.sayHello("sender", [subtreesFeature]);
    await late.list(root);
    await late.peer.say("COMPARE", dot);
    expect(await late.outcome).toBe("UNSOLICITED");
    const { peer, outcome } = playSender();
    await peer.sayHello("sender");
    await peer.say("COMPARE", dot);
    expect(await outcome).toBe("UNSOLICITED");
  });

  it("reads no place outside its own", async () => {
    for (const name of ["..", "", "a/b", "d"]) {
      const { peer, outcome } = playSender();
      await peer.sayHello("sender", [subtreesFeature]);
      await peer.say("COMPARE", new TextEncoder().encode(name));
      expect(await outcome, name).toBe("PATH");
    }
  });

  it("refuses what lies in a complete directory, and complete files", async () => {
    const isComplete = true;
    const lies: [Entry[], string][] = [
      [[root, { ...sub, isComplete }, below], "PATH"],
      [[{ ...root, isComplete }, sub], "PATH"],
      [[root, sub, { ...below, isComplete }], "BAD_MESSAGE"],
    ];
    for (const [entries, code] of lies) {
      const { peer, outcome, list } = playSender();
      await peer.sayHello("sender", [subtreesFeature]);
      await peer.say("COMPARE", dot);
      await peer.say("ROOT", encodeRoot({ entryCount: 1, mac: undefined }));
      await list(...entries);
      expect(await outcome).toBe(code);
    }
  });

  it("reports a complete directory that is not there, and keeps what stands there", async () => {
    const there = memoryDir({ d: "a file" });
    const { peer, troubles, list } = playSender(there);
    await peer.sayHello("sender", [subtreesFeature]);
    await peer.say("COMPARE", dot);
    await peer.say("ROOT", encodeRoot({ entryCount: 1, mac: undefined }));
    await list(root, { ...sub, isComplete: true });
    await peer.hear("FAILED");
    expect(troubles).toEqual(["CHANGED"]);
    expect(there.children.get("d")?.kind).toBe("file");
    await peer.channel.end();
  });

  it("reads no further than is of use, or allowed", async () => {
    const read: ReadTargetSubtrees = async (_, { goOn }) => {
      for (let count = 0; goOn(count); count += 1000) await new Promise((resolve) => setImmediate(resolve));
      return undefined;
    };
    // In a tree that is far larger than the sender's, beyond the limit, and when nobody asks.
    expect(await new SubtreeReading(read, dot, Infinity, {}).take(100_000)).toBeUndefined();
    expect(await new SubtreeReading(read, dot, 100_000, {}).take(2 ** 53)).toBeUndefined();
    await new SubtreeReading(read, dot, Infinity, {}).close();
  });
});

/** A receiver that is played, and how the sender that it talks to ended. */
function playReceiver(source = asLarge(memorySource(memoryDir({ d: memoryDir({ f: "x" }) })))) {
  const [left, right] = duplexPair();
  const peer = new PlayedPeer(channelOf(left));
  const outcome = sendTree(source, right, { helloMs: 0, stallMs: 0 }).then(
    () => "ok",
    (thrown: unknown) => toSyncError(thrown).code,
  );
  return { peer, outcome };
}

describe("a sender that cannot tell all of its tree", () => {
  it("says all the same how many entries there are, so that the receiver reads on", async () => {
    const source = asLarge(memorySource(memoryDir({ d: memoryDir({ f: "x" }), odd: "x" })));
    const subtrees = source.subtrees!;
    const read: typeof subtrees.read = async (options) =>
      (await subtrees.read(options))?.filter(({ path }) => path !== "");
    const { peer } = playReceiver({ ...source, subtrees: { ...subtrees, read } });
    await peer.sayHello("receiver", [subtreesFeature]);
    expect(decodeRoot(await peer.hear("ROOT"))).toEqual({ entryCount: smallTreeCount + 3, mac: undefined });
    await peer.channel.end();
  });
});

describe("a sender that is lied to", () => {
  it("refuses directories that nobody asked for, and flags that it does not know", async () => {
    const early = playReceiver();
    await early.peer.sayHello("receiver");
    await early.peer.hear("ENTRIES");
    await early.peer.say("SUBTREES", Uint8Array.of(1));
    expect(await early.outcome).toBe("UNSOLICITED");
    for (const [payload, code] of [
      [Uint8Array.of(2), "BAD_MESSAGE"],
      [Uint8Array.of(1, 2, 3), "BAD_MESSAGE"],
      [new Uint8Array(), "BAD_MESSAGE"],
    ] as const) {
      const { peer, outcome } = playReceiver();
      await peer.sayHello("receiver", [subtreesFeature]);
      await peer.hear("ROOT");
      await peer.say("SUBTREES", payload);
      expect(await outcome).toBe(code);
    }
  });

  it("lists all to a receiver whose directories are others, in any number of frames", async () => {
    const { peer } = playReceiver();
    await peer.sayHello("receiver", [subtreesFeature]);
    await peer.hear("ROOT");
    for (let i = 0; i < 5; i++) await peer.say("SUBTREES", new Uint8Array(1 + 8 * subtreesFrameCount));
    await peer.say("SUBTREES", Uint8Array.of(1));
    expect(decodeEntries(await peer.hear("ENTRIES"))).toHaveLength(3);
    await peer.channel.end();
  });
});

it.each([0, 1, 32_767, 32_768, 32_769, 70_000])(
  "%i MACs go in frames that are full but for the last",
  (count) => {
    const macs = Array.from({ length: count }, (_, i) => String(i).padStart(8, "0"));
    const frames = [...encodeSubtrees(macs)].map((payload) => decodeSubtrees(payload));
    expect(frames.flatMap((frame) => frame.macs)).toEqual(macs);
    expect(frames.filter(({ isLast }) => isLast)).toHaveLength(1);
  },
);

it.each([
  [0, 0],
  [0, 32_767],
  [0, 32_769],
  [1, 32_769],
])("a frame with flags %i and %i MACs is refused", (flags, count) => {
  const payload = new Uint8Array(1 + 8 * count);
  payload[0] = flags;
  expect(() => decodeSubtrees(payload)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
});
