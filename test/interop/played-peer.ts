import { concatBytes } from "../../src/bytes/compare.ts";
import { fastcdcSpec } from "../../src/chunk/cutter-specs.ts";
import { FrameReader, FrameWriter, preamble } from "../../src/session/frame.ts";
import { type FrameType } from "../../src/session/frame-types.ts";
import { encodeHello } from "../../src/session/hello.ts";
import { sessionLimits } from "../../src/session/limits.ts";
import { type ByteChannel } from "../../src/transport/channel.ts";
import type { Bytes } from "../../src/types.ts";

/** A frame that was heard. */
export interface Heard {
  readonly type: FrameType;
  readonly payload: Bytes;
}

/**
 * One end of a session that a test plays: it says whatever frames it is told to, in proper form.
 */
export class PlayedPeer {
  readonly channel: ByteChannel;
  readonly heard: Heard[] = [];
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader();
  #begun = false;
  #deaf = false;
  #wake: (() => void)[] = [];

  constructor(channel: ByteChannel) {
    this.channel = channel;
    void this.#listen().catch(() => {});
  }

  /** The transcript of what it has said. */
  get transcript(): Bytes {
    return this.#writer.transcript;
  }

  /** Says a frame; resolves also when nobody takes it any more. */
  async say(type: FrameType, payload: Bytes = new Uint8Array(0)): Promise<void> {
    const before = this.#begun ? [] : [preamble];
    this.#begun = true;
    await this.channel
      .write(concatBytes([...before, ...this.#writer.write(type, payload, "none")]))
      .catch(() => {});
  }

  sayHello(role: "sender" | "receiver", features: readonly string[] = []): Promise<void> {
    const common = { features, nonce: new Uint8Array(16) };
    const windows = {
      entries: sessionLimits.entriesWindowBytes,
      chunks: sessionLimits.chunksWindowBytes,
      data: sessionLimits.dataWindowBytes * 8,
    };
    const hello =
      role === "sender"
        ? ({ role, mode: "duplex", layout: "contents", digest: "sha-256", compression: "deflate" } as const)
        : ({ role, digests: ["sha-256"], cutters: ["fastcdc"], compressions: ["deflate"], windows } as const);
    return this.say(
      "HELLO",
      encodeHello(
        hello.role === "sender" ? { ...hello, ...common, cutter: fastcdcSpec() } : { ...hello, ...common },
      ),
    );
  }

  /** Waits for a frame of a type: the first one, or a later one. */
  async hear(type: FrameType, index = 0): Promise<Bytes> {
    for (;;) {
      const found = this.heard.filter((frame) => frame.type === type)[index];
      if (found) return found.payload;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Takes nothing any more. */
  stopListening(): void {
    this.#deaf = true;
  }

  async #listen(): Promise<void> {
    for await (const block of this.channel.read()) {
      for (const { type, payload } of this.#reader.read(block)) {
        this.heard.push({ type, payload: payload.slice() });
        for (const wake of this.#wake.splice(0)) wake();
      }
      if (this.#deaf) await new Promise(() => {});
    }
    await this.channel.end();
  }
}
