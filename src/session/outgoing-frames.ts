import type { Bytes } from "../types.ts";
import type { Squeeze } from "./frame.ts";
import type { FrameType } from "./frame-types.ts";
import type { Agreement, Windows } from "./hello.ts";
import type { Level } from "./level-bytes.ts";
import { sessionLimits } from "./limits.ts";
import type { SendAction } from "./sender-action.ts";
import { SenderWindows } from "./windows.ts";

interface OutgoingFramesOptions {
  /** True when the receiver answers, and credits what it has settled. */
  readonly isDuplex: boolean;
  /**
   * Whether content is compressed, whatever the receiver asks for: always, or never. Unless given
   * the first of it is where the receiver answers.
   */
  readonly compress?: boolean | undefined;
}

/**
 * The frames that a sender has yet to say, in their order. Counts each in its window, and chooses
 * how much effort goes into making it small.
 */
export class OutgoingFrames {
  readonly #queued: SendAction[] = [];
  readonly #windows: SenderWindows;
  #compress: boolean;
  /** Bytes of DATA and PUSH frames that are compressed in any case, as far as they are left. */
  #quickBytes: number;
  #hasBrotli = false;

  constructor({ isDuplex, compress }: OutgoingFramesOptions) {
    this.#windows = new SenderWindows(isDuplex);
    this.#compress = compress === true;
    this.#quickBytes = isDuplex && compress !== false ? sessionLimits.compressedBytes : 0;
  }

  /** The receiver has said how it wants content, and how much of each level it takes. */
  agreed({ compress, brotli }: Pick<Agreement, "compress" | "brotli">, windows: Windows): void {
    this.#compress ||= compress;
    this.#hasBrotli = brotli;
    this.#windows.widen(windows);
  }

  /** Takes the oldest frame that was queued. */
  take(): SendAction | undefined {
    return this.#queued.shift();
  }

  /** True when one more frame of a level may go out. */
  isOpen(level: Level): boolean {
    return this.#windows.isOpen(level);
  }

  /** Bytes of a level are settled without the receiver's CREDIT. */
  settle(level: Level, bytes: number): void {
    this.#windows.settle(level, bytes);
  }

  /** What a CREDIT frame says. @throws UNSOLICITED, BAD_MESSAGE */
  credit(payload: Bytes): void {
    this.#windows.credit(payload);
  }

  /** Queues a frame that no window counts. */
  send(type: FrameType, payload: Bytes, squeeze: Squeeze = "none"): void {
    this.#queued.push({ do: "send", type, payload, squeeze });
  }

  /** Queues entries. */
  sendEntries(payload: Bytes): void {
    this.#windows.add("entries", payload.length);
    this.send("ENTRIES", payload, "control");
  }

  /** Queues a list of chunks or pieces. */
  sendList(type: "CHUNKS" | "PIECES", payload: Bytes): void {
    this.#windows.add("chunks", payload.length);
    this.send(type, payload);
  }

  /** Queues what makes a new version of an old one: copies and literals, or a part of a file. */
  sendUpdate(type: "DELTA" | "PART", payload: Bytes): void {
    this.#windows.add("data", payload.length);
    this.send(type, payload, this.#hasBrotli ? "brotli" : "control");
  }

  /** Queues content. */
  sendContent(type: "DATA" | "PUSH", payload: Bytes): void {
    this.#windows.add("data", payload.length);
    const isCompressed = this.#compress || this.#quickBytes > 0;
    this.#quickBytes -= payload.length;
    const squeeze = this.#hasBrotli ? "brotli" : "content";
    this.send(type, payload, isCompressed ? squeeze : "none");
  }
}
