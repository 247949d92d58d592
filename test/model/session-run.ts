import { fixedSpec } from "../../src/chunk/cutter-specs.ts";
import type { SyncError } from "../../src/errors.ts";
import { encodeEnd } from "../../src/session/closing.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import type { ReceiverHello, SenderHello, Windows } from "../../src/session/hello.ts";
import { ReceiverCore } from "../../src/session/receiver-core.ts";
import type { ReceiverEffect } from "../../src/session/receiver-effect.ts";
import type { SenderAction } from "../../src/session/sender-action.ts";
import { SenderCore } from "../../src/session/sender-core.ts";
import type { CutRun } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";
import { checkEnd, checkState } from "./laws.ts";
import { OpenBytes } from "./open-bytes.ts";
import { noFlaw, type Flaw } from "./flaws.ts";
import { TinySource } from "./tiny-source.ts";
import { type Held, type Refusal, TinyTarget } from "./tiny-target.ts";
import type { TinyTree } from "./tiny-tree.ts";

/** A frame under way. */
export interface Flying {
  readonly type: FrameType;
  readonly payload: Bytes;
}

/** What a session is like. */
export interface SessionSetting {
  /** Entries that the source lists at once, and chunks that it cuts at once. */
  readonly batchEntryCount: number;
  readonly runChunkCount: number;
  readonly windows: Windows;
  /** Bytes of content that the sender keeps while it waits for answers. */
  readonly keptBytes: number;
  /** Where the target has trouble. */
  readonly refusal?: Refusal;
  /** A file that may change at any time, once, and what it holds then. */
  readonly changing?: { readonly path: string; readonly content: string };
  /**
   * True to let the receiver move whenever it can. Nothing is missed by that: what it does depends
   * on the frames and their order alone, what the sender hears can still be late, and a connection
   * that drops leaves of the sender nothing. But there are far fewer states.
   */
  readonly promptReceiver?: boolean;
  readonly flaw?: Flaw;
}

/** What is there as a session begins. */
export interface Beginning {
  readonly source: TinyTree;
  readonly hasChanged: boolean;
  readonly target: Held;
}

/** What a step of a cut gave: runs, or that all is cut. */
type CutAnswer = { readonly runs: readonly CutRun<string>[] | undefined } | undefined;

/** The frame that the receiver takes, and what its effects have led to so far. */
interface Taking {
  readonly frame: Flying;
  readonly steps: Generator<ReceiverEffect, void, unknown>;
  readonly results: unknown[];
  effect: ReceiverEffect;
}

/**
 * Frames are neither lost nor damaged on the way, so the digest of all that was said is the same at
 * both ends; which one it is does not matter.
 */
const transcript = new Uint8Array(32);
const nonce = new Uint8Array(16);

const senderHello: SenderHello = {
  role: "sender",
  mode: "duplex",
  layout: "named",
  digest: "sha-256",
  cutter: fixedSpec(64),
  compression: "deflate",
  features: [],
  nonce,
};

/** Collects the paths that one end is told of. The cores call it as a method of their options. */
class Listener<Hello> {
  readonly hello: Hello;
  readonly keptContentBytes: number;
  readonly paths = new Set<string>();

  constructor(hello: Hello, keptContentBytes: number) {
    this.hello = hello;
    this.keptContentBytes = keptContentBytes;
  }

  onTrouble({ detail }: SyncError): void {
    this.paths.add(detail.path ?? "?");
  }
}

/**
 * One session under way: the two cores, the frames between them, a source and a target. Each method
 * is one thing that can happen. This file alone knows what the cores ask for.
 */
export class SessionRun {
  readonly setting: SessionSetting;
  readonly source: TinySource;
  readonly target: TinyTarget;
  readonly sender: SenderCore<string>;
  readonly receiver: ReceiverCore;
  /** What each end was told that failed. */
  readonly told: { readonly sender: Listener<SenderHello>; readonly receiver: Listener<ReceiverHello> };
  readonly down: Flying[] = [];
  readonly up: Flying[] = [];
  readonly open: OpenBytes;
  /** What a flaw has put aside. */
  readonly aside: Flying[] = [];
  hasChanged: boolean;
  /** What the sender waits for. */
  #asked = { list: false, step: false };
  /** What the source has cut, and the sender was not told yet. */
  #cutAlready: CutAnswer;
  #reading: (SenderAction<string> & { do: "read" }) | undefined;
  #taking: Taking | undefined;
  #isFinished = false;
  /** Says what the last move was. */
  note: () => string = () => "";

  constructor(setting: SessionSetting, { source, target, hasChanged }: Beginning) {
    const { windows, keptBytes, refusal } = setting;
    const receiverHello: ReceiverHello = {
      role: "receiver",
      digests: ["sha-256"],
      cutters: ["fixed"],
      compressions: ["deflate"],
      windows,
      features: [],
      nonce,
    };
    this.setting = setting;
    this.open = new OpenBytes(windows);
    this.hasChanged = hasChanged;
    this.told = {
      sender: new Listener(senderHello, keptBytes),
      receiver: new Listener(receiverHello, 0),
    };
    this.source = new TinySource(source, setting.batchEntryCount, setting.runChunkCount);
    this.sender = new SenderCore(this.told.sender);
    this.receiver = new ReceiverCore(this.told.receiver);
    this.target = new TinyTarget(target, refusal, (entry, error) => this.receiver.trouble(entry, error));
    this.#answer(this.receiver.hello());
  }

  /** True once both ends are done. */
  get isOver(): boolean {
    return this.#isFinished && this.receiver.committed;
  }

  /** What the next session finds when the connection drops now. */
  get leftOver(): Beginning {
    const { source, target, hasChanged } = this;
    return { source: new Map(source.files), hasChanged, target: target.held };
  }

  /** All that what can follow depends on. */
  get state(): unknown {
    const { source, target, sender, receiver, down, up, open, aside, hasChanged } = this;
    const taking = this.#taking && [this.#taking.frame, this.#taking.results, this.#taking.effect.do];
    const under = [this.#asked, this.#cutAlready, this.#reading, taking, this.#isFinished, hasChanged];
    return [source, target, sender, receiver, down, up, open, aside, under];
  }

  /** What may be possible now. */
  get moves(): string[] {
    if (this.isOver) return [];
    const receiver = this.#receiverMoves;
    const isPrompt = this.setting.promptReceiver === true && receiver.length > 0;
    const change = this.setting.changing && !this.hasChanged ? ["a file changes"] : [];
    return [...receiver, ...(isPrompt ? [] : this.#senderMoves), ...change];
  }

  get #senderMoves(): string[] {
    const isFree = this.#reading === undefined;
    return [
      ...(isFree && !this.#isFinished ? ["sender acts"] : []),
      ...(isFree ? [] : ["source reads again"]),
      ...(isFree && this.#asked.list ? ["source lists"] : []),
      ...(this.#asked.step && !this.#cutAlready ? ["source cuts"] : []),
      ...(isFree && this.#cutAlready ? ["source tells what it cut"] : []),
      ...(this.up.length > 0 && this.sender.done === undefined ? ["sender hears"] : []),
    ];
  }

  get #receiverMoves(): string[] {
    if (this.#taking) return ["target acts"];
    return this.down.length > 0 ? ["receiver hears"] : [];
  }

  /** Carries out a move. Returns false when nothing came of it. @throws what is wrong */
  take(move: string): boolean {
    if (move === "sender acts" && !this.#act()) return false;
    else if (move === "source lists") this.#list();
    else if (move === "source cuts") this.#cut();
    else if (move === "source tells what it cut") this.#tellCut();
    else if (move === "source reads again") this.#readAgain();
    else if (move === "sender hears") this.#hear();
    else if (move === "receiver hears") this.#takeFrame();
    else if (move === "target acts") this.#bringAbout();
    else if (move === "a file changes") this.#change();
    checkState(this);
    if (this.isOver) checkEnd(this);
    return true;
  }

  #act(): boolean {
    const action = (this.setting.flaw ?? noFlaw).next(this.sender, this.aside);
    if (action === undefined) return false;
    this.note = () => (action.do === "send" ? `${action.type} ${action.payload.length}` : action.do);
    if (action.do === "send") this.#say(action.type, action.payload);
    else if (action.do === "list") this.#askForEntries();
    else if (action.do === "cut") this.source.cut(action.files);
    else if (action.do === "step") this.#askForChunks();
    else if (action.do === "read") this.#reading = action;
    else if (action.do === "end") this.#sayEnd();
    else this.#isFinished = true;
    return true;
  }

  #askForEntries(): void {
    this.open.begin("entries");
    this.#asked.list = true;
  }

  #askForChunks(): void {
    this.open.begin("chunks");
    this.#asked.step = true;
  }

  #say(type: FrameType, payload: Bytes): void {
    this.open.said(type, payload);
    this.down.push(...(this.setting.flaw ?? noFlaw).down({ type, payload }, this.aside));
  }

  #sayEnd(): void {
    this.sender.saidEnd(transcript);
    this.#say("END", encodeEnd({ ...this.sender.totals, transcript }));
  }

  #list(): void {
    this.#asked.list = false;
    const batch = this.source.list();
    this.note = () => (batch ? batch.map(({ file }) => file).join(" ") : "no more");
    if (batch) this.sender.listed(batch);
    else this.sender.listingEnded();
  }

  #cut(): void {
    const runs = this.source.step();
    this.note = () =>
      runs ? runs.map(({ file, sizes }) => `${sizes.length} of ${file}`).join(" ") : "no more";
    this.#cutAlready = { runs };
  }

  #tellCut(): void {
    const { runs } = this.#cutAlready!;
    this.#cutAlready = undefined;
    this.#asked.step = false;
    this.note = () => "";
    if (runs) this.sender.cut(runs);
    else this.sender.cutEnded();
  }

  #readAgain(): void {
    const { file, offset, size } = this.#reading!;
    this.#reading = undefined;
    this.note = () => `${size} of ${file}`;
    this.sender.readAgain(this.source.read(file, offset, size));
  }

  #hear(): void {
    const frame = this.up.shift()!;
    this.note = () => `${frame.type} ${frame.payload.subarray(0, 8).join(" ")}`;
    this.open.heard(frame);
    this.sender.received({ ...frame, transcript, wireBytes: 0 });
  }

  #takeFrame(): void {
    const frame = this.down.shift()!;
    this.note = () => frame.type;
    const steps = this.receiver.receive({ ...frame, transcript, wireBytes: 0 });
    this.#goOn(frame, steps, [], undefined);
  }

  #bringAbout(): void {
    const { frame, steps, results, effect } = this.#taking!;
    this.note = () => effect.do;
    const result = this.#perform(effect);
    this.#goOn(frame, steps, [...results, result], result);
  }

  /** Lets the receiver go on up to the next thing that its target has to do. */
  #goOn(frame: Flying, steps: Taking["steps"], results: unknown[], last: unknown): void {
    let step = steps.next(last);
    while (step.done !== true && step.value.do === "send") {
      this.#answer(step.value);
      step = steps.next();
    }
    this.#taking = step.done === true ? undefined : { frame, steps, results, effect: step.value };
  }

  #answer(effect: ReceiverEffect): void {
    if (effect.do !== "send") throw new Error(`${effect.do} is not an answer`);
    const { type, payload } = effect;
    this.up.push(...(this.setting.flaw ?? noFlaw).up({ type, payload }, this.aside));
  }

  #perform(effect: ReceiverEffect): unknown {
    switch (effect.do) {
      case "plan":
        return this.target.plan(effect.entries, effect.first);
      case "place":
        return this.target.place(effect.entry, effect.offset, effect.ids, effect.sizes);
      case "write":
        return this.target.write(effect.placements);
      case "finish":
        return this.target.finish(effect.files);
      case "abandon":
        return this.target.abandon(effect.entry, effect.reason);
      case "commit":
        return this.target.commit();
      case "open":
      case "send":
        return undefined;
    }
  }

  #change(): void {
    const { path, content } = this.setting.changing!;
    this.note = () => path;
    this.source.change(path, content);
    this.hasChanged = true;
  }
}
