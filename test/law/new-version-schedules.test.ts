import { expect, test } from "vitest";
import { equalBytes } from "../../src/bytes/compare.ts";
import { fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import { createPieceKernel } from "../../src/chunk/piece-kernel.ts";
import { encodeEnd } from "../../src/session/closing.ts";
import { type Frame, FrameReader, FrameWriter, preamble } from "../../src/session/frame.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import { piecesFeature, type Windows } from "../../src/session/hello.ts";
import { OldPieces } from "../../src/session/levels/pieces/old-pieces.ts";
import { PieceScan } from "../../src/session/levels/pieces/piece-scan.ts";
import { RunMaker } from "../../src/session/levels/pieces/run-maker.ts";
import { ReceiverCore } from "../../src/session/receiver-core.ts";
import type { ReceiverEffect } from "../../src/session/receiver-effect.ts";
import type { SenderAction } from "../../src/session/sender-action.ts";
import { SenderCore } from "../../src/session/sender-core.ts";
import { memorySource, type MemorySourceFile } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type { CutRun, SourceEntry } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";
import { type Dice, diceOf } from "./each-seed.ts";
import { makeVersions } from "./versions.ts";

const firstSeed = Math.floor(Math.random() * 2 ** 30);
console.log(`schedules of new versions: seeds from ${firstSeed}`);

const cutter = fastcdcSpec(1024);
const nonce = new Uint8Array(16);
const key = new Uint8Array(32).fill(3);
/** They are slow to make, and say nothing of one session to another. */
const kernels = Array.from({ length: 4 }, () => createPieceKernel(key));

/** Seals and opens frames as two real ends would; they come in memory that is used again. */
class Pipe {
  readonly queue: Frame[] = [];
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader();

  constructor() {
    for (const _ of this.#reader.read(preamble));
  }

  get transcript(): Bytes {
    return this.#writer.transcript;
  }

  send(type: FrameType, payload: Bytes): void {
    for (const part of this.#writer.write(type, payload, "control")) {
      for (const frame of this.#reader.read(part))
        this.queue.push({ ...frame, payload: frame.payload.slice() });
    }
  }
}

interface Ends {
  readonly from: MemoryDir;
  readonly to: MemoryDir;
  readonly windows: Windows;
  readonly keptContentBytes: number;
  /** True to say of a part that was put together that it is wrong. */
  readonly mistrust: () => boolean;
}

/** Sender and receiver without I/O, with pipes between them; `dice` decides who moves. */
async function explore(ends: Ends, dice: Dice): Promise<string[]> {
  const troubles: string[] = [];
  const onTrouble = ({ code }: { readonly code: string }): void => void troubles.push(code);
  const hello = {
    cutter,
    compression: "deflate",
    features: [piecesFeature],
    nonce,
    digest: "sha-256",
  } as const;
  const sender = new SenderCore<MemorySourceFile>({
    hello: { ...hello, role: "sender", mode: "duplex", layout: "contents" },
    keptContentBytes: ends.keptContentBytes,
    onTrouble,
  });
  const { windows } = ends;
  const offers = { digests: ["sha-256"], cutters: ["fastcdc"], compressions: ["deflate"], windows };
  const receiver = new ReceiverCore({ hello: { ...hello, ...offers, role: "receiver" }, onTrouble });
  const source = memorySource(ends.from);
  const target = memoryTarget(ends.to);
  const receiving = [kernels[0]!, kernels[3]!];
  const pieces = new OldPieces(target.old!, () => receiving.pop()!, {});
  const makers = new RunMaker(source, kernels[1]!, {});
  const [down, up] = [new Pipe(), new Pipe()];
  const listing = source.entries({})[Symbol.asyncIterator]() as AsyncIterator<
    readonly SourceEntry<MemorySourceFile>[]
  >;
  let cut: AsyncIterator<readonly CutRun<MemorySourceFile>[]> | undefined;
  let scan: PieceScan<MemorySourceFile> | undefined;
  let finished = false;
  /** What the source has read and not told. */
  const answers: (() => void)[] = [];

  const perform = async (effect: ReceiverEffect): Promise<unknown> => {
    switch (effect.do) {
      case "readSubtrees":
      case "takeSubtrees":
        throw new Error("nobody names a top directory");
      case "send":
        return up.send(effect.type, effect.payload);
      case "open": {
        const told = (entry: number, error: Parameters<ReceiverCore["trouble"]>[1]): void => {
          pieces.drop(entry);
          receiver.trouble(entry, error);
        };
        return target.open({ ...effect, useOld: true, onTrouble: told });
      }
      case "plan":
        return target.plan(effect.entries, effect.first);
      case "place":
        return target.place(effect.lists);
      case "write":
        return target.write(effect.placements);
      case "finish":
        return target.finish(effect.files);
      case "compare":
        return pieces.compare(effect.entries);
      case "keepOld":
        return target.old!.keep(effect.entry);
      case "differs":
        return false;
      case "match":
        return pieces.match(effect.entry, effect.group, effect.sizes);
      case "fill":
        return pieces.fill(effect.entry, effect.run);
      case "check": {
        const { entry, part } = effect;
        const mac = ends.mistrust() ? new Uint8Array(16) : part.mac;
        return pieces.check(entry, { ...part, mac });
      }
      case "replace":
        return pieces.replace(effect.entry, effect.part, effect.content);
      case "abandon":
        return target.abandon(effect.entry, effect.reason);
      case "commit":
        return target.commit(effect.whole);
    }
  };
  const act = async (action: SenderAction<MemorySourceFile>): Promise<void> => {
    switch (action.do) {
      case "readSubtrees":
        throw new Error("nobody names a top directory");
      case "send":
        return down.send(action.type, action.payload);
      case "list": {
        const { done, value } = await listing.next();
        return void answers.push(() => (done ? sender.listingEnded() : sender.listed(value)));
      }
      case "cut":
        cut = source.cut(action.files, cutter, {})[Symbol.asyncIterator]();
        return;
      case "step": {
        const { done, value } = await cut!.next();
        return void answers.push(() => (done ? sender.cutEnded() : sender.cut(value)));
      }
      case "scan":
        scan = new PieceScan(source, kernels[2]!, action.requests, {});
        return;
      case "scanStep": {
        const results = await scan!.next(action.fine);
        return void answers.push(() => (results ? sender.scanned(results) : sender.scanEnded()));
      }
      case "makeRuns":
        return sender.madeRuns(await makers.make(action.requests));
      case "readPart":
        return sender.partRead(await makers.readPart(action.file, action.part));
      case "read":
        return sender.readAgain(await source.read(action.file, action.offset, action.size, {}));
      case "end": {
        const { transcript } = down;
        sender.saidEnd(transcript);
        return down.send("END", encodeEnd({ ...sender.totals, transcript }));
      }
      case "finish":
        finished = true;
    }
  };
  const moves = [
    async () => {
      const action = finished ? undefined : sender.next();
      if (action) await act(action);
      return action !== undefined;
    },
    async () => {
      const answer = answers.shift();
      answer?.();
      return answer !== undefined;
    },
    async () => {
      const frame = down.queue.shift();
      if (!frame) return false;
      const steps = receiver.receive(frame);
      for (let step = steps.next(); step.done !== true;) step = steps.next(await perform(step.value));
      frame.payload.fill(0xa5);
      return true;
    },
    async () => {
      const frame = up.queue.shift();
      if (!frame) return false;
      sender.received(frame);
      frame.payload.fill(0xa5);
      return true;
    },
  ];
  await perform(receiver.hello());
  while (!finished) {
    const first = dice(moves.length);
    let moved = false;
    for (let i = 0; i < moves.length && !moved; i++) moved = await moves[(first + i) % moves.length]!();
    if (!moved) throw new Error("deadlock: nobody can move and the session is not done");
  }
  return troubles;
}

test("new versions arrive whatever the schedule, the windows and what is kept", async () => {
  for (let seed = firstSeed; seed < firstSeed + 40; seed++) {
    const dice = diceOf(seed);
    const all = Array.from({ length: 1 + dice(6) }, () => makeVersions(dice));
    const dirOf = (which: "before" | "after", mtimeSec: number): MemoryDir =>
      memoryDir(
        Object.fromEntries(all.map((versions, i) => [`f${i}`, memoryFile(versions[which], { mtimeSec })])),
      );
    const windowOf = (): number => [1, 100, 10_000, 1_000_000][dice(4)]!;
    const ends: Ends = {
      from: dirOf("after", 2),
      to: dirOf("before", 1),
      windows: { entries: windowOf(), chunks: windowOf(), data: windowOf() },
      keptContentBytes: [0, 5000, 1_000_000][dice(3)]!,
      mistrust: dice(2) === 0 ? () => dice(2) === 0 : () => false,
    };
    const troubles = await explore(ends, dice).catch((thrown: unknown) => {
      throw new Error(`seed ${seed}`, { cause: thrown });
    });
    expect([seed, troubles]).toEqual([seed, []]);
    for (const [i, { after }] of all.entries()) {
      const copy = ends.to.children.get(`f${i}`);
      const isRight = copy?.kind === "file" && copy.mtimeSec === 2 && equalBytes(copy.bytes, after);
      expect([seed, i, isRight]).toEqual([seed, i, true]);
    }
  }
});
