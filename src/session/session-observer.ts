import { SyncError } from "../errors.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import { hearChanges } from "./change-codec.ts";
import { decodeDone, decodeEnd, decodeError, decodeFailed, decodeUnlisted } from "./closing.ts";
import { countFrame, type Frame, type FrameBytes, FrameReader } from "./frame.ts";
import type { FrameType } from "./frame-types.ts";
import type { ReceiveProgress, ReceiveSummary } from "./receive.ts";
import { noReceiverTotals } from "./receiver-effect.ts";

/** Who is told of what was heard. */
export interface ObserverOptions {
  /** Called for each path that had to be left out, at either end. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Called for each path that the receiver tells the sender of. */
  readonly onChange?: (change: TreeChange) => void;
}

/** Frames that carry content. */
const contentTypes: ReadonlySet<FrameType> = new Set(["DATA", "PUSH", "DELTA", "PART"]);

/** Hears both directions of a session that two others hold, and checks each frame. */
export class SessionObserver {
  /** What an end gave up for, once it has said so. */
  error: SyncError | undefined;
  readonly #options: ObserverOptions;
  readonly #totals = noReceiverTotals();
  readonly #fromSender = new FrameReader();
  readonly #fromReceiver = new FrameReader();
  readonly #sent: FrameBytes = {};
  readonly #received: FrameBytes = {};
  #wireSentBytes = 0;
  #wireReceivedBytes = 0;
  #digest: Bytes | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** Takes what the sender says. @throws what FrameReader throws, BAD_MESSAGE */
  hearSender(block: Bytes): void {
    this.#wireReceivedBytes += block.length;
    for (const frame of this.#fromSender.read(block)) {
      countFrame(this.#received, frame.type, frame.wireBytes);
      this.#takeOfSender(frame);
    }
  }

  /** Takes what the receiver says. @throws what FrameReader throws, BAD_MESSAGE, CORRUPT */
  hearReceiver(block: Bytes): void {
    this.#wireSentBytes += block.length;
    for (const frame of this.#fromReceiver.read(block)) {
      countFrame(this.#sent, frame.type, frame.wireBytes);
      this.#takeOfReceiver(frame);
    }
  }

  /** True once the receiver has said that all is in place. */
  get isDone(): boolean {
    return this.#digest !== undefined;
  }

  /** Where the session stands, as its receiver would say. */
  progress(): ReceiveProgress {
    const { chunkBytes, receivedBytes } = this.#totals;
    return {
      type: "receive",
      ...this.#totals,
      reusedBytes: Math.max(0, chunkBytes - receivedBytes), // known at the end
      wireSentBytes: this.#wireSentBytes,
      wireReceivedBytes: this.#wireReceivedBytes,
    };
  }

  /** How the session ended. @throws what an end gave up for, PEER_GONE when it did not end well */
  summary(): ReceiveSummary {
    if (this.error) throw this.error;
    if (!this.#digest) throw new SyncError("PEER_GONE", "the session broke off before it was done");
    const frames = { sent: this.#sent, received: this.#received };
    return { ...this.progress(), digest: this.#digest, frames };
  }

  #takeOfSender(frame: Frame): void {
    const { type, payload } = frame;
    if (contentTypes.has(type)) this.#totals.receivedBytes += payload.length;
    else if (type === "UNLISTED") this.#options.onTrouble?.(decodeUnlisted(payload));
    else if (type === "END") {
      const { entries, sameEntries, chunkBytes, troubles } = decodeEnd(payload);
      Object.assign(this.#totals, { entries, sameEntries, chunkBytes, troubles });
    } else if (type === "FAILED") {
      this.#totals.failedAtSender += 1;
      this.#tellFailed(payload);
    } else this.#takeError(frame);
  }

  #takeOfReceiver(frame: Frame): void {
    const { type, payload } = frame;
    if (type === "CHANGES") hearChanges(payload, this.#options.onChange ?? (() => {}));
    else if (type === "FAILED") this.#tellFailed(payload);
    else if (type === "DONE") {
      const { entries: _told, transcript, ...counts } = decodeDone(payload);
      Object.assign(this.#totals, counts);
      this.#digest = transcript;
    } else this.#takeError(frame);
  }

  /** Which entry it is the ends know. */
  #tellFailed(payload: Bytes): void {
    this.#options.onTrouble?.(decodeFailed(payload, Number.MAX_SAFE_INTEGER).error);
  }

  #takeError({ type, payload }: Frame): void {
    if (type === "ERROR") this.error ??= decodeError(payload);
  }
}
