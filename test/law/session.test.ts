import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { concatBytes } from "../../src/bytes/compare.ts";
import { fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import { isSyncError } from "../../src/errors.ts";
import type { Frame } from "../../src/session/frame.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import { FrameReader, FrameWriter, preamble } from "../../src/session/frame.ts";
import { encodeEnd } from "../../src/session/closing.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { ReceiverCore } from "../../src/session/receiver-core.ts";
import type { ReceiverEffect } from "../../src/session/receiver-effect.ts";
import { sendTree } from "../../src/session/send.ts";
import { SenderCore } from "../../src/session/sender-core.ts";
import type { CutRun, SourceEntry } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";
import type { PlainEntry, PlainTree } from "../plain-tree.ts";
import { PlainTarget, plainSource, text } from "../plain-tree.ts";
import { xorshiftBytes as random } from "../vectors/input.ts";

const cutter = fastcdcSpec(256);

const small: PlainTree = new Map<string, PlainEntry>([
  ["d", { kind: "dir", mode: 0o755 }],
  ["d/a", { kind: "file", content: random(3, 700), mtimeNsec: 999_999_999 }],
  ["d/l", { kind: "symlink", target: "a" }],
  ["e", { kind: "file", content: text("hello\n") }],
  ["f", { kind: "file", content: random(3, 700) }],
]);

/** A stream that is there in full, in the blocks given. */
function streamOf(blocks: readonly Bytes[]): {
  readable: ReadableStream<Bytes>;
  writable: WritableStream<Bytes>;
} {
  const left = [...blocks];
  const readable = new ReadableStream<Bytes>({
    pull(controller) {
      const block = left.shift();
      if (block === undefined) controller.close();
      else controller.enqueue(block);
    },
  });
  return { readable, writable: new WritableStream<Bytes>() };
}

async function record(tree: PlainTree): Promise<Bytes> {
  const blocks: Bytes[] = [];
  const writable = new WritableStream<Bytes>({ write: (block) => void blocks.push(block.slice()) });
  await sendTree(
    plainSource(tree),
    { readable: new ReadableStream(), writable },
    { mode: "one-way", cutter },
  );
  return concatBytes(blocks);
}

async function replay(blocks: readonly Bytes[], target = new PlainTarget()): Promise<PlainTarget> {
  await receiveTree(target, streamOf(blocks), { duplex: false, helloMs: 0, stallMs: 0 });
  return target;
}

function contents(tree: PlainTree): unknown {
  return [...tree]
    .map(([path, entry]) => [path, { ...entry, content: entry.content && [...entry.content] }])
    .sort();
}

/** What a copy of the tree looks like: with the metadata that the source fills in. */
function asCopied(tree: PlainTree): PlainTree {
  return new Map(
    [...tree].map(([path, entry]) => [
      path,
      { mode: 0o644, mtimeSec: 1_700_000_000, mtimeNsec: 1, ...entry },
    ]),
  );
}

/** After a failure every path has what it had before or what it was to get: nothing in between. */
function expectNoMixture(target: PlainTarget, wanted: PlainTree): void {
  const right = new Map(contents(asCopied(wanted)) as [string, unknown][]);
  for (const [path, entry] of contents(target.tree) as [string, unknown][])
    expect(entry).toEqual(right.get(path));
}

/** Runs a damaged stream: it must be refused with a typed error, or do no harm at all. */
async function expectRefusedOrHarmless(
  blocks: readonly Bytes[],
  wanted: PlainTree,
): Promise<"refused" | "harmless"> {
  const target = new PlainTarget();
  try {
    await replay(blocks, target);
  } catch (error) {
    if (!isSyncError(error) || error.code === "INTERNAL") throw error;
    expectNoMixture(target, wanted);
    return "refused";
  }
  expect(contents(target.tree)).toEqual(contents(asCopied(wanted)));
  return "harmless";
}

interface RawFrame {
  readonly start: number;
  readonly end: number;
}

function framesOf(stream: Bytes): RawFrame[] {
  const frames: RawFrame[] = [];
  let start = preamble.length;
  while (start < stream.length) {
    const length = (stream[start + 1]! << 16) | (stream[start + 2]! << 8) | stream[start + 3]!;
    frames.push({ start, end: start + 8 + length });
    start += 8 + length;
  }
  return frames;
}

describe("a recorded one-way session", () => {
  it("gives the tree however its bytes are cut", async () => {
    const stream = await record(small);
    const wanted = contents(asCopied(small));
    expect(contents((await replay([...stream].map((byte) => Uint8Array.of(byte)))).tree)).toEqual(wanted);
    for (let at = 1; at < stream.length; at += 7) {
      const target = await replay([stream.subarray(0, at), stream.subarray(at)]);
      expect(contents(target.tree)).toEqual(wanted);
    }
  });

  it("is refused when any one bit is flipped", async () => {
    const stream = await record(small);
    for (let bit = 0; bit < stream.length * 8; bit++) {
      const damaged = stream.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect([bit, await expectRefusedOrHarmless([damaged], small)]).toEqual([bit, "refused"]);
    }
  });

  it("is refused when it is cut off anywhere", async () => {
    const stream = await record(small);
    for (let length = 0; length < stream.length; length++) {
      expect([length, await expectRefusedOrHarmless([stream.subarray(0, length)], small)]).toEqual([
        length,
        "refused",
      ]);
    }
  });

  it("is refused when a frame is dropped, repeated or moved", async () => {
    const stream = await record(small);
    const frames = framesOf(stream).map(({ start, end }) => stream.subarray(start, end));
    for (let i = 0; i < frames.length; i++) {
      const before = [preamble, ...frames.slice(0, i)];
      const after = frames.slice(i + 1);
      const mutants = [
        [...before, ...after],
        [...before, frames[i]!, frames[i]!, ...after],
        ...(after.length > 0 ? [[...before, after[0]!, frames[i]!, ...after.slice(1)]] : []),
      ];
      for (const mutant of mutants) expect(await expectRefusedOrHarmless(mutant, small)).toBe("refused");
    }
  });

  it("is refused when a frame of another session is spliced in", async () => {
    const [one, two] = [await record(small), await record(new Map([...small].slice(3)))];
    const [ours, theirs] = [framesOf(one), framesOf(two)];
    for (const { start } of ours.slice(1)) {
      for (const their of theirs) {
        const mutant = [one.subarray(0, start), two.subarray(their.start, their.end), one.subarray(start)];
        expect(await expectRefusedOrHarmless(mutant, small)).toBe("refused");
      }
    }
  });
});

interface Sealed {
  readonly type: FrameType;
  readonly payload: Bytes;
}

/** The frames of a stream; their payloads are copied, for a reader uses its memory again. */
function openAll(stream: Bytes): Sealed[] {
  const frames: Sealed[] = [];
  for (const { type, payload } of new FrameReader().read(stream))
    frames.push({ type, payload: payload.slice() });
  return frames;
}

/** Opens a recorded stream, lets a liar change its frames, and seals it again with right checks. */
function lie(stream: Bytes, change: (frames: Sealed[]) => Sealed[]): Bytes {
  const opened = openAll(stream);
  const writer = new FrameWriter();
  const parts: Bytes[] = [preamble];
  for (const { type, payload } of change(opened)) {
    const honest = type === "END" ? withTranscript(payload, writer.transcript) : payload;
    parts.push(...writer.write(type, honest, "none"));
  }
  return concatBytes(parts);
}

function withTranscript(payload: Bytes, transcript: Bytes): Bytes {
  return concatBytes([payload.subarray(0, payload.length - 32), transcript]);
}

describe("a sender that lies with right checks", () => {
  it("is refused or does no harm for any byte it changes in any payload", async () => {
    const stream = await record(small);
    const frames = openAll(stream);
    for (const [i, { type, payload }] of frames.entries()) {
      // Names, modes and times are the sender's to choose; what it cannot do is to deliver other
      // content under an id.
      if (type !== "CHUNKS" && type !== "PUSH") continue;
      for (let at = 0; at < payload.length; at++) {
        const changed = payload.slice();
        changed[at]! ^= 0x41;
        const mutant = lie(stream, (all) =>
          all.map((frame, j) => (i === j ? { type, payload: changed } : frame)),
        );
        const target = new PlainTarget();
        await replay([mutant], target).catch((error: unknown) => {
          if (!isSyncError(error) || error.code === "INTERNAL") throw error;
        });
        for (const [path, { content }] of target.tree) {
          if (content !== undefined) expect([...content]).toEqual([...(small.get(path)?.content ?? [])]);
        }
      }
    }
  });

  it("survives any bytes at all in any frame without an untyped error", async () => {
    const stream = await record(small);
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.uint8Array({ maxLength: 60 }), async (which, bytes) => {
        const mutant = lie(stream, (all) =>
          all.map((frame, i) => (i === which % all.length ? { ...frame, payload: bytes } : frame)),
        );
        await replay([mutant]).catch((error: unknown) => {
          if (!isSyncError(error) || error.code === "INTERNAL") throw error;
        });
      }),
      { numRuns: 500 },
    );
  });

  it("is refused when it ends early, however honest its digest", async () => {
    const stream = await record(small);
    const mutant = lie(stream, (all) => all.filter(({ type }) => type !== "PUSH"));
    await expect(replay([mutant])).rejects.toMatchObject({ code: "TRUNCATED" });
  });

  it.each([
    ["content nobody announced", "PUSH", "UNSOLICITED"],
    ["content nobody asked for", "DATA", "UNSOLICITED"],
    ["a list for no file", "CHUNKS", "UNSOLICITED"],
    ["a second HELLO", "HELLO", "BAD_FRAME"],
    ["a frame of the other direction", "DONE", "BAD_FRAME"],
  ] as const)("is refused for %s", async (_, type, code) => {
    const stream = await record(small);
    const payload = type === "CHUNKS" ? Uint8Array.of(0, 1, 0) : Uint8Array.of(1);
    const mutant = lie(stream, (all) => [...all.slice(0, -1), { type, payload }, ...all.slice(-1)]);
    await expect(replay([mutant])).rejects.toMatchObject({ code });
  });

  it("is refused for anything but silence behind END", async () => {
    const stream = await record(small);
    const again = encodeEnd({
      entries: 0,
      files: 0,
      chunks: 0,
      chunkBytes: 0,
      troubles: 0,
      untold: 0,
      sameEntries: 0,
      transcript: new Uint8Array(32),
    });
    for (const type of ["END", "PUSH", "ENTRIES"] as const) {
      const mutant = lie(stream, (all) => [...all, { type, payload: again }]);
      await expect(replay([mutant])).rejects.toMatchObject({ code: "UNSOLICITED" });
    }
  });
});

const content = fc
  .record({ seed: fc.integer({ min: 1, max: 4 }), size: fc.nat(3000), times: fc.integer({ min: 1, max: 3 }) })
  .map(({ seed, size, times }) => concatBytes(Array.from({ length: times }, () => random(seed, size))));
const name = fc.constantFrom("a", "b", "c", "a.b", "a b", "ä");
const tree: fc.Arbitrary<PlainTree> = fc
  .uniqueArray(fc.tuple(name, fc.option(name), content, fc.nat(3)), {
    selector: ([a, b]) => `${a}/${b}`,
    maxLength: 8,
  })
  .map((rows) => {
    const made = new Map<string, PlainEntry>();
    for (const [dir, file, bytes, mtimeSec] of rows) {
      if (made.get(dir)?.kind === "file" && file !== null) continue;
      if (file === null && !made.has(dir)) made.set(dir, { kind: "file", content: bytes, mtimeSec });
      if (file === null) continue;
      made.set(dir, { kind: "dir", mode: 0o755 });
      made.set(`${dir}/${file}`, { kind: "file", content: bytes, mtimeSec });
    }
    return made;
  });

/**
 * Sender and receiver without I/O, and two queues of frames between them; `choose` decides who
 * moves.
 */
async function explore(
  source: PlainTree,
  old: PlainTree,
  windows: { entries: number; chunks: number; data: number },
  keptContentBytes: number,
  choose: (count: number) => number,
): Promise<PlainTarget> {
  const target = new PlainTarget(
    new Map([...old].filter(([path]) => source.get(path)?.kind !== "dir" || old.get(path)?.kind === "dir")),
  );
  const nonce = new Uint8Array(16);
  const sender = new SenderCore<string>({
    hello: {
      role: "sender",
      mode: "duplex",
      layout: "named",
      digest: "sha-256",
      cutter,
      compression: "deflate",
      features: [],
      nonce,
    },
    keptContentBytes,
  });
  const receiver = new ReceiverCore({
    hello: {
      role: "receiver",
      digests: ["sha-256"],
      cutters: ["fastcdc"],
      compressions: ["deflate"],
      windows,
      features: [],
      nonce,
    },
  });
  const plain = plainSource(source, { batchCount: 2, runChunkCount: 3 });
  const listing = plain.entries({})[Symbol.asyncIterator]() as AsyncIterator<readonly SourceEntry<string>[]>;
  let cut: AsyncIterator<readonly CutRun<string>[]> | undefined;
  let finished = false;
  const toReceiver: Frame[] = [];
  const toSender: Frame[] = [];
  const ends = { down: new Pipe(toReceiver), up: new Pipe(toSender) };

  const perform = async (effect: ReceiverEffect): Promise<unknown> => {
    if (effect.do === "send") return void ends.up.send(effect.type, effect.payload);
    if (effect.do === "open")
      return target.open({ ...effect, onTrouble: (entry, error) => receiver.trouble(entry, error) });
    if (effect.do === "plan") return target.plan(effect.entries, effect.first);
    if (effect.do === "place") return target.place(effect.lists);
    if (effect.do === "write") return target.write(effect.placements);
    if (effect.do === "finish") return target.finish(effect.files);
    if (effect.do === "abandon") return target.abandon(effect.entry, effect.reason);
    return target.commit();
  };
  const moveSender = async (): Promise<boolean> => {
    const action = finished ? undefined : sender.next();
    if (action === undefined) return false;
    if (action.do === "send") ends.down.send(action.type, action.payload);
    if (action.do === "cut") cut = plain.cut(action.files, cutter, {})[Symbol.asyncIterator]();
    if (action.do === "read") sender.readAgain(await plain.read(action.file, action.offset, action.size, {}));
    if (action.do === "finish") finished = true;
    if (action.do === "list") {
      const next = await listing.next();
      if (next.done) sender.listingEnded();
      else sender.listed(next.value);
    }
    if (action.do === "step") {
      const next = await cut!.next();
      if (next.done) sender.cutEnded();
      else sender.cut(next.value);
    }
    if (action.do === "end") {
      const { transcript } = ends.down;
      sender.saidEnd(transcript);
      ends.down.send("END", encodeEnd({ ...sender.totals, transcript }));
    }
    return true;
  };
  const moveReceiver = async (): Promise<boolean> => {
    const frame = toReceiver.shift();
    if (frame === undefined) return false;
    const steps = receiver.receive(frame);
    for (let step = steps.next(); !step.done;) step = steps.next(await perform(step.value));
    return true;
  };
  const hear = async (): Promise<boolean> => {
    const frame = toSender.shift();
    if (frame === undefined) return false;
    sender.received(frame);
    return true;
  };
  await perform(receiver.hello());
  const moves = [moveSender, moveReceiver, hear];
  while (!finished) {
    const first = choose(moves.length);
    let moved = false;
    for (let i = 0; i < moves.length && !moved; i++) moved = await moves[(first + i) % moves.length]!();
    if (!moved) throw new Error("deadlock: nobody can move and the session is not done");
  }
  return target;
}

/** Seals and opens frames as two real ends would. */
class Pipe {
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader();
  readonly #queue: Frame[];

  constructor(queue: Frame[]) {
    this.#queue = queue;
    [...this.#reader.read(preamble)];
  }

  get transcript(): Bytes {
    return this.#writer.transcript;
  }

  send(type: FrameType, payload: Bytes): void {
    for (const part of this.#writer.write(type, payload, "control")) {
      for (const frame of this.#reader.read(part))
        this.#queue.push({ ...frame, payload: frame.payload.slice() });
    }
  }
}

describe("two ends without I/O", () => {
  it("finish with the right tree whatever the schedule, the windows and what is there", async () => {
    const window = fc.constantFrom(1, 10, 100, 100_000);
    await fc.assert(
      fc.asyncProperty(
        tree,
        tree,
        fc.record({ entries: window, chunks: window, data: window }),
        fc.constantFrom(0, 500, 1_000_000),
        fc.infiniteStream(fc.nat(2)),
        async (source, old, windows, kept, choices) => {
          const target = await explore(source, old, windows, kept, (count) => choices.next().value! % count);
          for (const [path, entry] of asCopied(source)) {
            expect([path, contents(new Map([[path, target.tree.get(path)!]]))]).toEqual([
              path,
              contents(new Map([[path, entry]])),
            ]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
