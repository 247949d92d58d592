import { SyncError, toSyncError } from "../errors.ts";
import { Bell } from "../session/bell.ts";
import { decodeError } from "../session/closing.ts";
import type { FrameType } from "../session/frame-types.ts";
import type { Link } from "../session/link.ts";
import { Queue } from "../session/queue.ts";
import type { Bytes } from "../types.ts";

/** A frame in memory of its own. */
interface HeardFrame {
  readonly type: FrameType;
  readonly payload: Bytes;
}

/**
 * What a receiver says, read while this end is busy to speak: so neither waits for the other to
 * listen. Answers are few and short, and more of them than were asked for are refused.
 */
export class HeardFrames {
  readonly #frames = new Queue<HeardFrame>();
  readonly #bell = new Bell();
  readonly #limit: number;
  readonly #hearing: Promise<void>;
  #failure: SyncError | undefined;

  /** @param limit frames that may wait to be taken */
  constructor(link: Link, limit: number) {
    this.#limit = limit;
    this.#hearing = this.#hear(link).catch((thrown: unknown) => {
      this.#failure = toSyncError(thrown);
      void link.fail(this.#failure, true);
      this.#bell.ring();
    });
  }

  /** The payload of the next frame, which has to be of this type. @throws what ended the hearing */
  async next(type: FrameType): Promise<Bytes> {
    while (this.#frames.size === 0) {
      if (this.#failure) throw this.#failure;
      await this.#bell.wait();
    }
    const frame = this.#frames.take();
    if (frame.type === type) return frame.payload;
    throw new SyncError("BAD_FRAME", `the receiver sent ${frame.type} in place of ${type}`);
  }

  /** Of a write that failed and what was heard before, the latter is the reason. */
  async reasonOf(thrown: unknown, link: Link): Promise<unknown> {
    if (link.broken) await this.#hearing;
    return this.#failure ?? thrown;
  }

  async #hear(link: Link): Promise<void> {
    for await (const { type, payload } of link.frames()) {
      if (type === "PING") continue;
      if (type === "ERROR") throw decodeError(payload);
      if (this.#frames.size >= this.#limit)
        throw new SyncError("UNSOLICITED", "the receiver answers what it was not asked");
      this.#frames.push({ type, payload: payload.slice() });
      this.#bell.ring();
      if (type === "DONE") return;
    }
    throw new SyncError("PEER_GONE", "the receiver closed before it was done");
  }
}
