import { equalBytes } from "../bytes/compare.ts";
import { type ChunkId, idBytes } from "../chunk/chunk.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError, type SyncErrorCode } from "../errors.ts";
import { EntryChecker, type EntryPlace } from "../tree/entry/entry-order.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { Need, Placement } from "../tree/target.ts";
import type { Bytes } from "../types.ts";
import type { Allowance } from "./allowance.ts";
import { encodeChanges } from "./change-codec.ts";
import { type ChunkGroup, decodeChunkGroups } from "./chunk-groups.ts";
import { decodeCounts, decodeEnd, decodeError, encodeCounts, encodeDone, encodeFailed } from "./closing.ts";
import { ComingChunks, type Expected } from "./coming-chunks.ts";
import { decodeEntries, type ListedEntry } from "./entry-codec.ts";
import { EntryTroubles } from "./entry-troubles.ts";
import { checkLength, type FileState, openFile, type Place, placesFor, sizesToCome } from "./file-state.ts";
import type { Frame } from "./frame.ts";
import { askedOfTarget, checkSessionCutter, decodeHello, encodeHello } from "./hello.ts";
import type { ReceiverHello, SenderHello } from "./hello.ts";
import { type Debt, Ledger } from "./ledger.ts";
import { noReceiverTotals, type ReceiverEffect, send } from "./receiver-effect.ts";
import { encodeChunkWishes, encodeFileWishes, type FileWish } from "./wishes.ts";

type Steps<T = void> = Generator<ReceiverEffect, T, unknown>;

interface ReceiverCoreOptions {
  readonly hello: ReceiverHello;
  /** The digests that the HELLO names; default SHA-256 alone. */
  readonly digests?: readonly ChunkDigest[];
  /** What may be made of what is announced; anything unless given. */
  readonly allowance?: Allowance;
  readonly onTrouble?: (error: SyncError) => void;
}

/**
 * The receiver of a session, without I/O: each frame is a run of steps that yields what is to be
 * done and is given the result. The frames are taken one after another, so there is never more than
 * one step.
 *
 * 1. Every frame is checked against what was announced before anything of it is used.
 * 2. A chunk is verified before it leaves this file; a file is finished when its list has ended and
 *    every chunk of it is in place.
 * 3. A chunk that is on its way already is not asked for again: its other places wait for it.
 * 4. What is settled is credited: entries when their files are done, chunks when they are in place,
 *    content when it is written.
 */
export class ReceiverCore {
  readonly totals = noReceiverTotals();
  readonly #options: ReceiverCoreOptions;
  #hello: SenderHello | undefined;
  #checker = new EntryChecker("named");
  #digestOfIds = sha256Digest;
  readonly #files = new Map<number, FileState>();
  readonly #coming = new ComingChunks<Place>();
  readonly #finished: FileState[] = [];
  readonly #troubles = new EntryTroubles();
  /** What became of paths and was not told yet. */
  readonly #changes: TreeChange[] = [];
  readonly #ledger: Ledger;
  /** The transcript that END agreed with, once everything is in place. */
  #digest: Bytes | undefined;

  constructor(options: ReceiverCoreOptions) {
    this.#options = options;
    this.#ledger = new Ledger(options.hello.windows);
  }

  /** True once everything is in place and the target was committed. */
  get committed(): boolean {
    return this.#digest !== undefined;
  }

  /** The digest of the whole: the transcript of all before END; zeros before `committed`. */
  get digest(): Bytes {
    return this.#digest ?? new Uint8Array(32);
  }

  /** Whether the sender listens; known once it has spoken. */
  get duplex(): boolean {
    return this.#hello?.mode === "duplex";
  }

  /** The HELLO, which needs no waiting. */
  hello(): ReceiverEffect {
    return { do: "send", type: "HELLO", payload: encodeHello(this.#options.hello), squeeze: "none" };
  }

  /** The target could not bring about an entry, or was told to abandon it. */
  trouble(entry: number, error: SyncError): void {
    const file = this.#files.get(entry);
    this.#troubles.add(entry, error, file?.place);
    this.#options.allowance?.settle(entry);
    if (file !== undefined) file.dropped = true;
  }

  /** Something became of a path, and the sender wants to hear of it. */
  change(change: TreeChange): void {
    this.#changes.push(change);
  }

  /** Carries out a frame of the sender. @throws what is wrong with it, or what that reports */
  *receive(frame: Frame): Steps {
    if (this.committed) return this.#checkAfterEnd(frame);
    if (this.#hello === undefined) {
      if (frame.type === "ERROR") throw decodeError(frame.payload);
      if (frame.type !== "HELLO") throw new SyncError("BAD_FRAME", `the sender began with ${frame.type}`);
      return yield* this.#hear(frame.payload);
    }
    yield* this.#carryOut(frame, this.#hello);
    yield* this.#settle();
  }

  /** The sender waits for DONE and may show that it is alive; all else is out of turn. */
  #checkAfterEnd(frame: Frame): void {
    if (frame.type !== "PING") throw new SyncError("UNSOLICITED", `${frame.type} after END`);
  }

  *#carryOut(frame: Frame, hello: SenderHello): Steps {
    switch (frame.type) {
      case "ENTRIES":
        return yield* this.#takeEntries(frame.payload, hello);
      case "LISTED":
        return this.#takeListed();
      case "CHUNKS":
        return yield* this.#takeChunks(frame.payload, hello);
      case "DATA":
        return yield* this.#takeContent(frame.payload, "wished");
      case "PUSH":
        return yield* this.#takeContent(frame.payload, "pushed");
      case "SKIP":
        return yield* this.#skip(frame.payload);
      case "END":
        return yield* this.#end(frame);
      case "ERROR":
        throw decodeError(frame.payload);
      case "PING":
        return;
      default:
        throw new SyncError("BAD_FRAME", `a sender does not send ${frame.type} here`);
    }
  }

  *#hear(payload: Bytes): Steps {
    const hello = decodeHello(payload, "sender");
    if (hello.mode === "list")
      throw new SyncError("UNSUPPORTED", "this stream lists a tree and holds no content");
    const { digests = [sha256Digest] } = this.#options;
    const digest = digests.find(({ name }) => name === hello.digest);
    if (digest === undefined) throw new SyncError("UNSUPPORTED", `digest ${hello.digest} is not known here`);
    if (!this.#options.hello.compressions.includes(hello.compression)) {
      throw new SyncError("UNSUPPORTED", `compression ${hello.compression} is not known here`);
    }
    checkSessionCutter(hello.cutter);
    this.#hello = hello;
    this.#digestOfIds = digest;
    this.#checker = new EntryChecker(hello.layout);
    yield { do: "open", cutter: hello.cutter, digest, layout: hello.layout, ...askedOfTarget(hello) };
  }

  #takeListed(): void {
    if (this.totals.listed) throw new SyncError("UNSOLICITED", "LISTED twice");
    this.totals.listed = true;
  }

  *#takeEntries(payload: Bytes, hello: SenderHello): Steps {
    if (this.totals.listed) throw new SyncError("UNSOLICITED", "ENTRIES after LISTED");
    const duplex = hello.mode === "duplex";
    const listed = decodeEntries(payload);
    const debt = this.#ledger.enter("entries", payload.length);
    const places: EntryPlace[] = [];
    for (const { entry, unasked } of listed) {
      places.push(this.#checker.check(entry));
      if (!duplex && entry.kind === "file" && !unasked)
        throw new SyncError("BAD_MESSAGE", "a question, but no way back");
    }
    const first = this.totals.entries;
    this.#troubles.planned(first, places);
    this.totals.entries += listed.length;
    const entries = listed.map(({ entry }) => entry);
    this.#options.allowance?.list(entries);
    const needs = (yield { do: "plan", entries, first }) as readonly Need[];
    const wishes = this.#register(listed, places, needs, debt);
    this.#ledger.pay(debt);
    if (wishes.length > 0) yield send("WISH_FILES", encodeFileWishes(wishes), "control");
  }

  /** Opens the files of a frame, and answers the questions in it. */
  #register(
    listed: readonly ListedEntry[],
    places: readonly EntryPlace[],
    needs: readonly Need[],
    debt: Debt,
  ): FileWish[] {
    const wishes: FileWish[] = [];
    const first = this.totals.entries - listed.length;
    for (const [i, { entry, unasked }] of listed.entries()) {
      if (entry.kind !== "file") continue;
      const need = needs[i] ?? "nothing";
      if (!unasked) wishes.push({ wanted: need !== "nothing", all: need === "all" });
      if (need === "nothing" && !unasked) continue;
      debt.open += 1;
      this.totals.wantedFiles += 1;
      this.totals.wantedBytes += entry.size;
      const file = openFile(first + i, places[i]!, entry.size, debt, unasked || need === "all");
      file.dropped = need === "nothing";
      this.#files.set(first + i, file);
    }
    return wishes;
  }

  *#takeChunks(payload: Bytes, hello: SenderHello): Steps {
    const groups = decodeChunkGroups(payload, hello.cutter.maxBytes);
    const debt = this.#ledger.enter("chunks", payload.length);
    const wishes: boolean[] = [];
    for (const group of groups) yield* this.#takeGroup(group, debt, wishes);
    this.#ledger.pay(debt);
    if (wishes.length > 0) yield send("WISH_CHUNKS", encodeChunkWishes(wishes), "control");
  }

  *#takeGroup(group: ChunkGroup, debt: Debt, wishes: boolean[]): Steps {
    const file = this.#files.get(group.entry);
    if (file === undefined || file.ended)
      throw new SyncError("UNSOLICITED", "a chunk list for a file that awaits none");
    if ((group.pushed !== undefined) !== file.unasked)
      throw new SyncError("BAD_MESSAGE", "a chunk list of the wrong kind");
    checkLength(file, group.sizes); // before anything of it is looked for or asked for
    this.#options.allowance?.fill(file.entry, sizesToCome(group, file));
    const offset =
      group.pushed === undefined
        ? yield* this.#takeQuestions(group, file, debt, wishes)
        : yield* this.#takePushed(group, group.pushed, file, debt);
    this.totals.chunkBytes += offset - file.listed;
    this.totals.currentName = file.place.name;
    file.listed = offset;
    if (group.end === undefined) return;
    file.ended = true;
    this.#options.allowance?.settle(file.entry);
    if (group.end !== "complete") yield* this.#giveUp(file, group.end, "the sender could not read it");
    if (file.missing === 0) this.#finished.push(file);
  }

  /** Lets the target place what it has of a group, and wishes for the rest. Returns its end. */
  *#takeQuestions({ sizes, ids }: ChunkGroup, file: FileState, debt: Debt, wishes: boolean[]): Steps<number> {
    let offset = file.listed;
    const here = file.dropped ? undefined : yield* this.#place(file, offset, ids, sizes);
    for (const [i, size] of sizes.entries()) {
      const id = ids.subarray(i * idBytes, (i + 1) * idBytes);
      wishes.push(here?.[i] === 0 && !file.dropped && this.#wish(id, size, { file, offset, debt }));
      offset += size;
    }
    return offset;
  }

  /** Books what will be pushed, and finds what will not. Returns where the group ends. */
  *#takePushed(group: ChunkGroup, pushed: readonly boolean[], file: FileState, debt: Debt): Steps<number> {
    let offset = file.listed;
    for (const [i, size] of group.sizes.entries()) {
      const id = group.ids.subarray(i * idBytes, (i + 1) * idBytes);
      const place = { file, offset, debt };
      if (pushed[i] === true) this.#expect("pushed", id, size, place);
      else if (!file.dropped && !this.#join(id, size, place)) yield* this.#require(file, offset, id, size);
      offset += size;
    }
    return offset;
  }

  *#place(file: FileState, offset: number, ids: Bytes, sizes: readonly number[]): Steps<Uint8Array> {
    if (sizes.length === 0) return new Uint8Array(0);
    return (yield { do: "place", entry: file.entry, offset, ids, sizes }) as Uint8Array;
  }

  /** Puts in place what the sender says is here; a file for which it is not is given up. */
  *#require(file: FileState, offset: number, id: ChunkId, size: number): Steps {
    const here = yield* this.#place(file, offset, id, [size]);
    if (here[0] !== 1) yield* this.#giveUp(file, "CHUNK_MISSING", "a chunk that should be here is not");
  }

  /** True when the chunk has to be asked for; one that is on its way is waited for. */
  #wish(id: ChunkId, size: number, place: Place): boolean {
    if (this.#join(id, size, place)) return false;
    this.#expect("wished", id, size, place);
    return true;
  }

  #join(id: ChunkId, size: number, place: Place): boolean {
    if (!this.#coming.join(id, size, place)) return false;
    this.#owe(place);
    return true;
  }

  #expect(lane: "wished" | "pushed", id: ChunkId, size: number, place: Place): void {
    this.#coming.expect(lane, id, size, place);
    this.#owe(place);
  }

  #owe({ file, debt }: Place): void {
    file.missing += 1;
    debt.open += 1;
  }

  *#takeContent(payload: Bytes, lane: "wished" | "pushed"): Steps {
    const placements: Placement[] = [];
    const arrived: Expected<Place>[] = [];
    let at = 0;
    while (at < payload.length) {
      const expected = this.#coming.take(lane);
      if (expected === undefined) throw new SyncError("UNSOLICITED", "content that nobody asked for");
      if (at + expected.size > payload.length) throw new SyncError("BAD_FRAME", "a chunk is cut off");
      const bytes = payload.subarray(at, at + expected.size);
      const chunk = verifyChunk(expected.id, bytes, this.#digestOfIds);
      at += expected.size;
      arrived.push(expected);
      for (const { file, offset } of placesFor(expected))
        placements.push({ entry: file.entry, offset, chunk });
    }
    this.totals.receivedBytes += payload.length;
    if (placements.length > 0) yield { do: "write", placements };
    for (const expected of arrived) this.#settlePlaces(expected);
    this.#ledger.payData(payload.length);
  }

  /** The sender cannot deliver chunks that were asked for: their files stay as they were. */
  *#skip(payload: Bytes): Steps {
    const [count = 0] = decodeCounts(payload, 1);
    if (count > this.#coming.wishedCount)
      throw new SyncError("UNSOLICITED", "the sender skips what nobody asked for");
    for (let i = 0; i < count; i++) {
      const expected = this.#coming.take("wished");
      if (expected === undefined) return;
      for (const { file } of expected.places)
        yield* this.#giveUp(file, "CHANGED", "it changed at the sender");
      this.#settlePlaces(expected);
    }
  }

  /** The target tells the reason back as a trouble, with the path that only it knows. */
  *#giveUp(file: FileState, code: SyncErrorCode, message: string): Steps {
    if (file.dropped) return;
    file.dropped = true;
    const reason = new SyncError(code, message, { remote: code !== "CHUNK_MISSING" });
    yield { do: "abandon", entry: file.entry, reason };
  }

  #settlePlaces(expected: Expected<Place>): void {
    for (const { file, debt } of expected.places) {
      file.missing -= 1;
      this.#ledger.pay(debt);
      if (file.ended && file.missing === 0) this.#finished.push(file);
    }
  }

  /** After each frame: finishes files, reports troubles, gives credit. */
  *#settle(): Steps {
    if (this.#finished.length > 0) yield* this.#finish(this.#finished.splice(0));
    for (const { entry, error } of this.#troubles.take()) {
      this.totals.failed += 1;
      if (error.remote) this.totals.failedAtSender += 1;
      this.#options.onTrouble?.(error);
      if (this.duplex && !error.remote) yield send("FAILED", encodeFailed(error, entry), "none");
    }
    for (const told of encodeChanges(this.#changes.splice(0))) yield send("CHANGES", told, "control");
    const credit = this.duplex ? this.#ledger.due() : undefined;
    if (credit !== undefined) yield send("CREDIT", encodeCounts(...credit), "none");
  }

  *#finish(files: readonly FileState[]): Steps {
    const complete = files
      .filter(({ dropped }) => !dropped)
      .map(({ entry, listed }) => ({ entry, size: listed }));
    if (complete.length > 0) yield { do: "finish", files: complete };
    for (const file of files) {
      this.#files.delete(file.entry);
      if (!file.dropped) this.totals.files += 1;
      if (!file.dropped) this.totals.finishedBytes += file.listed;
      this.#ledger.pay(file.debt);
    }
  }

  *#end(frame: Frame): Steps {
    const end = decodeEnd(frame.payload);
    if (!equalBytes(end.transcript, frame.transcript))
      throw new SyncError("CORRUPT", "the digests of the whole differ");
    if (
      end.entries !== this.totals.entries ||
      end.chunkBytes !== this.totals.chunkBytes ||
      this.#files.size > 0
    ) {
      throw new SyncError("TRUNCATED", `the sender ended with ${this.#files.size} files open`);
    }
    this.totals.troubles = end.troubles;
    this.#troubles.planned(0, []); // what fails from now on is told with its path
    yield { do: "commit", whole: end.troubles <= end.leftOut };
    yield* this.#settle();
    this.#digest = frame.transcript;
    if (this.duplex) yield send("DONE", encodeDone({ ...this.totals, transcript: frame.transcript }), "none");
  }
}
