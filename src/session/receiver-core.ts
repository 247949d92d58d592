import { equalBytes } from "../bytes/compare.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { SyncError, type SyncErrorCode } from "../errors.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import type { Allowance } from "./allowance.ts";
import { encodeChanges } from "./change-codec.ts";
import { chunkMakingOf } from "./chunk-making.ts";
import { decodeEnd, decodeError, encodeDone, encodeFailed, decodeUnlisted } from "./closing.ts";
import type { FileState } from "./file-state.ts";
import { sessionLimits } from "./limits.ts";
import type { Frame } from "./frame.ts";
import { agreementOf, askedOfTarget, checkSessionCutter, decodeHello, encodeHello } from "./hello.ts";
import type { ReceiverHello, SenderHello } from "./hello.ts";
import { Ledger } from "./ledger.ts";
import { encodeCredit } from "./level-bytes.ts";
import { IncomingChunks } from "./levels/chunks/incoming-chunks.ts";
import { EntryTroubles } from "./levels/entries/entry-troubles.ts";
import { type EntriesHost, IncomingEntries } from "./levels/entries/incoming-entries.ts";
import type { LevelHost, Steps } from "./levels/level-host.ts";
import { IncomingSubtrees } from "./levels/subtrees/incoming-subtrees.ts";
import { IncomingPieces } from "./levels/pieces/incoming-pieces.ts";
import { noReceiverTotals, type ReceiverEffect, send } from "./receiver-effect.ts";
import { countContent } from "./outlook.ts";

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
  #entries: IncomingEntries | undefined;
  #subtrees: IncomingSubtrees | undefined;
  readonly #files = new Map<number, FileState>();
  readonly #finished: FileState[] = [];
  readonly #troubles = new EntryTroubles();
  #unlistedCount = 0;
  /** What became of paths and was not told yet. */
  readonly #changes: TreeChange[] = [];
  readonly #ledger: Ledger;
  readonly #pieces: IncomingPieces;
  readonly #chunks: IncomingChunks;
  /** The transcript that END agreed with, once everything is in place. */
  #digest: Bytes | undefined;

  constructor(options: ReceiverCoreOptions) {
    this.#options = options;
    this.#ledger = new Ledger(options.hello.windows);
    const host: LevelHost = {
      file: (entry) => this.#required(entry),
      told: (file, bytes) => countContent(this.totals, file, file.listed, bytes),
      fill: ({ entry }, sizes) => options.allowance?.fill(entry, sizes),
      ended: (file) => options.allowance?.settle(file.entry),
      finished: (file) => void this.#finished.push(file),
      giveUp: (file, code, message) => this.#giveUp(file, code, message),
      pay: (unsettled) => this.#ledger.pay(unsettled),
      received: (bytes) => (this.totals.receivedBytes += bytes),
      reused: (bytes) => (this.totals.reusedBytes += bytes),
    };
    this.#pieces = new IncomingPieces(host);
    this.#chunks = new IncomingChunks(host);
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
    yield* this.#carryOut(frame);
    yield* this.#settle();
  }

  /** The sender waits for DONE and may show that it is alive; all else is out of turn. */
  #checkAfterEnd(frame: Frame): void {
    if (frame.type !== "PING") throw new SyncError("UNSOLICITED", `${frame.type} after END`);
  }

  *#carryOut(frame: Frame): Steps {
    switch (frame.type) {
      case "COMPARE":
        return yield* this.#subtrees!.begin(frame.payload);
      case "ROOT":
        return yield* this.#subtrees!.answer(frame.payload);
      case "ENTRIES":
        return yield* this.#takeEntries(frame.payload);
      case "LISTED":
        return this.#takeListed();
      case "UNLISTED":
        return this.#takeUnlisted(frame.payload);
      case "CHUNKS":
        return yield* this.#takeChunks(frame.payload);
      case "DATA":
      case "PUSH":
        yield* this.#chunks.takeContent(frame.payload, frame.type === "DATA" ? "wished" : "pushed");
        return this.#ledger.payData(frame.payload.length);
      case "SKIP":
        return yield* this.#chunks.skip(frame.payload);
      case "SAME":
        return yield* this.#pieces.takeSame(frame.payload);
      case "PIECES":
        return yield* this.#takePieces(frame.payload);
      case "DELTA":
        yield* this.#pieces.takeRuns(frame.payload);
        return this.#ledger.payData(frame.payload.length);
      case "PART":
        yield* this.#pieces.takePart(frame.payload);
        return this.#ledger.payData(frame.payload.length);
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
    const agreed = agreementOf(hello, this.#options.hello);
    const { cutter, digest } = chunkMakingOf(agreed, this.#options.digests);
    if (!this.#options.hello.compressions.includes(hello.compression)) {
      throw new SyncError("UNSUPPORTED", `compression ${hello.compression} is not known here`);
    }
    checkSessionCutter(cutter);
    this.#hello = hello;
    this.#chunks.begin(digest, cutter.maxBytes);
    this.#entries = new IncomingEntries(this.#entriesHost(), hello.layout, this.duplex);
    this.#subtrees = new IncomingSubtrees(agreed.subtreesKey, hello.layout);
    const { layout } = hello;
    yield { do: "open", cutter, digest, layout, macKey: agreed.macKey, ...askedOfTarget(hello) };
  }

  #entriesHost(): EntriesHost {
    return {
      totals: this.totals,
      troubles: this.#troubles,
      allowance: this.#options.allowance,
      knowsSubtrees: () => this.#subtrees?.isTold === true,
      opened: (file) => {
        this.#files.set(file.entry, file);
        if (file.awaits === "same") this.#pieces.compare(file);
      },
    };
  }

  #takeListed(): void {
    if (this.totals.listed) throw new SyncError("UNSOLICITED", "LISTED twice");
    this.totals.listed = true;
  }

  #takeUnlisted(payload: Bytes): void {
    if (++this.#unlistedCount > sessionLimits.keptTroubleCount)
      throw new SyncError("LIMIT", "the sender names too many paths that it does not list");
    this.#options.onTrouble?.(decodeUnlisted(payload));
  }

  *#takeEntries(payload: Bytes): Steps {
    const unsettled = this.#ledger.enter("entries", payload.length);
    this.#subtrees!.listed();
    yield* this.#entries!.take(payload, unsettled);
    this.#ledger.pay(unsettled);
  }

  *#takePieces(payload: Bytes): Steps {
    const unsettled = this.#ledger.enter("chunks", payload.length);
    yield* this.#pieces.take(payload, unsettled);
    this.#ledger.pay(unsettled);
  }

  #required(entry: number): FileState {
    const file = this.#files.get(entry);
    if (file === undefined || file.ended)
      throw new SyncError("UNSOLICITED", "a list for a file that awaits none");
    return file;
  }

  *#takeChunks(payload: Bytes): Steps {
    const unsettled = this.#ledger.enter("chunks", payload.length);
    yield* this.#chunks.take(payload, unsettled);
    this.#ledger.pay(unsettled);
  }

  /** True when the sender waits for nothing but hears now that parts of files turned out wrong. */
  #isRepeating(): boolean {
    const { repeated } = this.#pieces;
    return this.#files.size > 0 && [...this.#files.values()].every((file) => repeated.has(file));
  }

  /** The target tells the reason back as a trouble, with the path that only it knows. */
  *#giveUp(file: FileState, code: SyncErrorCode, message: string): Steps {
    if (file.dropped) return;
    file.dropped = true;
    const reason = new SyncError(code, message, { remote: code !== "CHUNK_MISSING" });
    yield { do: "abandon", entry: file.entry, reason };
  }

  /** After each frame: finishes files, reports troubles, gives credit. */
  *#settle(): Steps {
    if (this.#finished.length > 0) yield* this.#finish(this.#finished.splice(0));
    for (const { entry, error } of this.#troubles.take()) {
      this.totals[error.code === "SKIPPED" ? "skipped" : "failed"] += 1;
      if (error.remote) this.totals.failedAtSender += 1;
      this.#options.onTrouble?.(error);
      if (this.duplex && !error.remote) yield send("FAILED", encodeFailed(error, entry), "none");
    }
    for (const told of encodeChanges(this.#changes.splice(0))) yield send("CHANGES", told, "control");
    const credit = this.duplex ? this.#ledger.due() : undefined;
    if (credit !== undefined) yield send("CREDIT", encodeCredit(credit), "none");
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
      this.#ledger.pay(file.unsettled);
    }
  }

  *#end(frame: Frame): Steps {
    const end = decodeEnd(frame.payload);
    if (!equalBytes(end.transcript, frame.transcript))
      throw new SyncError("CORRUPT", "the digests of the whole differ");
    if (this.#isRepeating()) return; // END comes again behind the parts that come again
    if (
      end.entries !== this.totals.entries ||
      end.chunkBytes !== this.totals.chunkBytes ||
      this.#files.size > 0
    ) {
      throw new SyncError("TRUNCATED", `the sender ended with ${this.#files.size} files open`);
    }
    this.totals.listed = true;
    this.totals.troubles = end.troubles;
    this.totals.sameEntries = end.sameEntries;
    this.#troubles.planned(0, []); // what fails from now on is told with its path
    try {
      yield { do: "commit", whole: end.troubles <= end.untold };
    } finally {
      yield* this.#settle(); // what was done is told, too, when something is refused in the end
    }
    this.#digest = frame.transcript;
    if (this.duplex) yield send("DONE", encodeDone({ ...this.totals, transcript: frame.transcript }), "none");
  }
}
