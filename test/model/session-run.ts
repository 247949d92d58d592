import type { SyncError } from "../../src/errors.ts";
import { encodeEnd } from "../../src/session/closing.ts";
import type { FrameType } from "../../src/session/frame-types.ts";
import type { ReceiverHello, SenderHello } from "../../src/session/hello.ts";
import { ReceiverCore } from "../../src/session/receiver-core.ts";
import type { ReceiverEffect } from "../../src/session/receiver-effect.ts";
import type { SenderAction } from "../../src/session/sender-action.ts";
import { SenderCore } from "../../src/session/sender-core.ts";
import type { CutRun } from "../../src/tree/source.ts";
import type { Bytes } from "../../src/types.ts";
import { checkEnd, checkState } from "./laws.ts";
import { OpenBytes } from "./open-bytes.ts";
import { type CoreOptions, receiverOptions, senderOptions } from "./core-options.ts";
import { noFlaw } from "./flaws.ts";
import type { Scanned } from "../../src/session/levels/pieces/piece-work.ts";
import { TinySource } from "./tiny-source.ts";
import type { Beginning, Flying, SessionSetting } from "./setting.ts";
import { TinyTarget } from "./tiny-target.ts";

/** What a step of a cut gave: runs, or that all is cut. */
type CutAnswer = { readonly runs: readonly CutRun<string>[] | undefined } | undefined;

/** The same of a scan. */
type ScanAnswer = { readonly results: readonly Scanned<string>[] | undefined } | undefined;

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
  readonly told: { readonly sender: CoreOptions<SenderHello>; readonly receiver: CoreOptions<ReceiverHello> };
  readonly down: Flying[] = [];
  readonly up: Flying[] = [];
  readonly open: OpenBytes;
  /** What a flaw has put aside. */
  readonly aside: Flying[] = [];
  hasChanged: boolean;
  /** What the sender waits for. */
  #asked = { subtrees: 0, list: false, step: false, scanStep: false };
  /** What the source has cut, and the sender was not told yet. */
  #cutAlready: CutAnswer;
  #scannedAlready: ScanAnswer;
  /** What the sender does nothing else for until it is read. */
  #reading: (SenderAction<string> & { do: "read" | "readPart" | "makeRuns" }) | undefined;
  #taking: Taking | undefined;
  #isFinished = false;
  /** Says what the last move was. */
  note: () => string = () => "";

  constructor(setting: SessionSetting, { source, target, hasChanged }: Beginning) {
    const { windows, refusal, usesPieces, waiting } = setting;
    this.setting = setting;
    this.open = new OpenBytes(windows);
    this.hasChanged = hasChanged;
    this.told = { sender: senderOptions(setting), receiver: receiverOptions(setting) };
    this.source = new TinySource(source, setting.batchEntryCount, setting.runChunkCount);
    this.sender = new SenderCore(this.told.sender);
    this.receiver = new ReceiverCore(this.told.receiver);
    const onTrouble = (entry: number, error: SyncError): void => this.receiver.trouble(entry, error);
    const onMissing = (bytes: number): void => void (this.receiver.totals.missingBytes += bytes);
    this.target = new TinyTarget(target, usesPieces, refusal, onTrouble, { path: waiting, onMissing });
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
    const under = [
      this.#asked,
      this.#cutAlready,
      this.#scannedAlready,
      this.#reading,
      taking,
      this.#isFinished,
      hasChanged,
    ];
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
      ...(isFree && this.#asked.subtrees > 0 ? ["source reads subtrees"] : []),
      ...(isFree && this.#asked.list ? ["source lists"] : []),
      ...(this.#asked.step && !this.#cutAlready ? ["source cuts"] : []),
      ...(isFree && this.#cutAlready ? ["source tells what it cut"] : []),
      ...(this.#asked.scanStep && !this.#scannedAlready ? ["source scans"] : []),
      ...(isFree && this.#scannedAlready ? ["source tells what it scanned"] : []),
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
    else if (move === "source reads subtrees") this.#readSubtrees();
    else if (move === "source lists") this.#list();
    else if (move === "source cuts") this.#cut();
    else if (move === "source tells what it cut") this.#tellCut();
    else if (move === "source scans") this.#scan();
    else if (move === "source tells what it scanned") this.#tellScan();
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
    else if (action.do === "readSubtrees") this.#asked.subtrees = 2;
    else if (action.do === "list") this.#askForEntries();
    else if (action.do === "cut") this.source.cut(action.files);
    else if (action.do === "step") this.#askForChunks();
    else if (action.do === "scan") this.source.scan(action.requests);
    else if (action.do === "scanStep") this.#askForPieces();
    else if (action.do === "makeRuns" || action.do === "readPart" || action.do === "read")
      this.#readFor(action);
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

  #askForPieces(): void {
    this.open.begin("chunks");
    this.#asked.scanStep = true;
  }

  #readFor(action: SenderAction<string> & { do: "read" | "readPart" | "makeRuns" }): void {
    this.open.begin("data");
    this.#reading = action;
  }

  #say(type: FrameType, payload: Bytes): void {
    this.open.said(type, payload);
    this.down.push(...(this.setting.flaw ?? noFlaw).down({ type, payload }, this.aside));
  }

  #sayEnd(): void {
    this.sender.saidEnd(transcript);
    this.#say("END", encodeEnd({ ...this.sender.totals, transcript }));
  }

  /** First the source has seen that there is much, then it has read all. */
  #readSubtrees(): void {
    this.#asked.subtrees -= 1;
    if (this.#asked.subtrees > 0) this.sender.sawSubtrees(1e6);
    else this.sender.subtrees(this.source.subtrees());
  }

  #list(): void {
    this.#asked.list = false;
    const batch = this.source.list((path) => this.sender.isComplete(path));
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

  #scan(): void {
    const results = this.source.scanStep();
    this.note = () =>
      results ? results.map((result) => `${result.do} ${result.file}`).join(" ") : "no more";
    this.#scannedAlready = { results };
  }

  #tellScan(): void {
    const { results } = this.#scannedAlready!;
    this.#scannedAlready = undefined;
    this.#asked.scanStep = false;
    this.note = () => "";
    if (results) this.sender.scanned(results);
    else this.sender.scanEnded();
  }

  #readAgain(): void {
    const reading = this.#reading!;
    this.#reading = undefined;
    if (reading.do === "makeRuns") {
      this.note = () => `${reading.requests.length} runs`;
      this.sender.madeRuns(this.source.makeRuns(reading.requests));
      return;
    }
    if (reading.do === "readPart") {
      this.note = () => `${reading.part.bytes} of ${reading.file}`;
      this.sender.partRead(this.source.readPart(reading.file, reading.part));
      return;
    }
    const { file, offset, size } = reading;
    this.note = () => `${size} of ${file}`;
    this.sender.readAgain(this.source.read(file, offset, size));
  }

  #hear(): void {
    const frame = this.up.shift()!;
    this.note = () => `${frame.type} ${frame.payload.subarray(0, 8).join(" ")}`;
    this.open.heard(frame);
    this.sender.received({ ...frame, transcript, wireBytes: frame.payload.length });
  }

  #takeFrame(): void {
    const frame = this.down.shift()!;
    this.note = () => frame.type;
    const steps = this.receiver.receive({ ...frame, transcript, wireBytes: frame.payload.length });
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
      case "takeSubtrees":
        return this.target.subtrees();
      case "plan":
        return this.target.plan(effect.entries, effect.first);
      case "place":
        return this.target.place(effect.lists);
      case "write":
        return this.target.write(effect.placements);
      case "finish":
        return this.target.finish(effect.files);
      case "compare":
        return this.target.compare(effect.entries);
      case "keepOld":
        return this.target.keepOld(effect.entry);
      case "differs":
        return false;
      case "match":
        return this.target.match(effect.entry, effect.group);
      case "fill":
        return this.target.fill(effect.entry, effect.run);
      case "check":
        return this.target.check(effect.entry, effect.part);
      case "replace":
        return this.target.replace(effect.entry, effect.part, effect.content);
      case "abandon":
        return this.target.abandon(effect.entry, effect.reason);
      case "commit":
        return this.target.commit();
      case "open":
      case "readSubtrees":
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
