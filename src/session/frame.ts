import { brotli, unbrotli } from "../bytes/brotli.ts";
import { type CompressionLevel, deflate, inflate } from "../bytes/deflate.ts";
import { quoteText } from "../bytes/foreign-text.ts";
import { sha256 } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { CompressionContext } from "./compression-context.ts";
import { type FrameType, frameTypes } from "./frame-types.ts";
import { sessionLimits } from "./limits.ts";

/** A frame as the state machines see it: decoded, its place in the stream checked. */
export interface Frame {
  readonly type: FrameType;
  /** Good until the next frame is read: its memory is used again. */
  readonly payload: Bytes;
  /** The transcript before this frame: what an END or DONE has to agree with. */
  readonly transcript: Bytes;
  /** Its length on the wire, header included. */
  readonly wireBytes: number;
}

/** Bytes on the wire by the type of the frame. */
export type FrameBytes = Partial<Record<FrameType, number>>;

/** Adds what a frame took on the wire to the others of its type. */
export function countFrame(frames: FrameBytes, type: FrameType, wireBytes: number): void {
  frames[type] = (frames[type] ?? 0) + wireBytes;
}

/**
 * The first bytes of every stream: they cannot be text, and show a transport that changes line
 * ends.
 */
export const preamble: Bytes = Uint8Array.of(0x89, 0x52, 0x53, 0x58, 0x0d, 0x0a, 0x1a, 0x0a);

/** Of the preamble, what stands before its line ends. */
const preambleNameBytes = 4;

/**
 * What is wrong with a stream that does not begin as it has to: what it says instead of the rest of
 * the preamble.
 */
function describeForeign(bytes: Bytes, filled: number): string {
  if (filled >= preambleNameBytes)
    return "something on the way changes line ends, as a terminal does (ssh -t)";
  const text = quoteText(bytes);
  const foreign = "the other end does not speak the rsync-stream session protocol";
  if (text === undefined) return foreign;
  return `${foreign}, but says ${text}; over ssh, see what the start files of the shell there print (~/.bashrc, ~/.profile)`;
}

const headerBytes = 8;
const checkBytes = 4;
const compressedFlag = 0x40;
const skippableFlag = 0x80;
const typeMask = 0x3f;
/** Below this a control frame is not worth compressing. */
const compressFromBytes = 96;
/** Below this DEFLATE makes content smaller than Brotli: it knows what the frames before held. */
const brotliFromBytes = 65_536;
/** Set in the decoded length of a frame that is compressed with Brotli. */
const brotliFlag = 0x800000;

const names = new Map<number, FrameType>(
  Object.entries(frameTypes).map(([name, code]) => [code, name as FrameType]),
);

/**
 * Content is vouched for by the ids of its chunks, so the transcript covers the headers of these
 * only.
 */
function carriesContent(code: number): boolean {
  return code === frameTypes.DATA || code === frameTypes.PUSH;
}

/**
 * The running digest of one direction of a session: each frame's check is the start of
 * SHA-256(transcript before | type | length | payload), which is the transcript after it. A frame
 * that is changed, lost, repeated or moved is noticed at once.
 */
class Transcript {
  state: Bytes = sha256(preamble);

  next(head: Bytes, payload: Bytes): Bytes {
    const covered = carriesContent((head[0] ?? 0) & typeMask) ? 0 : payload.length;
    const input = new Uint8Array(32 + 4 + covered);
    input.set(this.state);
    input.set(head.subarray(0, 4), 32);
    if (covered > 0) input.set(payload, 36);
    this.state = sha256(input);
    return this.state.subarray(0, checkBytes);
  }
}

/**
 * How much effort goes into making a frame small. `brotli`: as `control`, but long ones with
 * Brotli.
 */
export type Squeeze = "none" | "control" | "content" | "brotli";

/** Turns messages into the frames of one direction. */
export class FrameWriter {
  readonly #transcript = new Transcript();
  readonly #context = new CompressionContext();
  readonly #level: CompressionLevel | undefined;

  /** @param level how much effort goes into content; whatever suits the codec unless given */
  constructor(level?: CompressionLevel) {
    this.#level = level;
  }

  /** The transcript of all frames so far, 32 bytes. */
  get transcript(): Bytes {
    return this.#transcript.state;
  }

  /** The frame as its header and its payload, which is not copied when it is not compressed. */
  write(type: FrameType, payload: Bytes, squeeze: Squeeze): [Bytes, Bytes] {
    let code: number = frameTypes[type];
    let body = payload;
    if (squeeze !== "none" && payload.length >= compressFromBytes) {
      const usesBrotli = squeeze === "brotli" && payload.length >= brotliFromBytes;
      const packed = usesBrotli
        ? brotli(payload, this.#level)
        : deflate(payload, squeeze === "content" ? (this.#level ?? 1) : 6, this.#context.of(code));
      if (packed.length + 3 < payload.length - (payload.length >> 5)) {
        body = new Uint8Array(packed.length + 3);
        putU24(body, 0, payload.length + (usesBrotli ? brotliFlag : 0));
        body.set(packed, 3);
        code |= compressedFlag;
      }
    }
    this.#context.add(frameTypes[type], payload);
    const head = new Uint8Array(headerBytes);
    head[0] = code;
    putU24(head, 1, body.length);
    head.set(this.#transcript.next(head, body), 4);
    return [head, body];
  }
}

/** Finds the frames in the bytes of one direction, however they are cut, and checks each. */
export class FrameReader {
  readonly #transcript = new Transcript();
  readonly #context = new CompressionContext();
  readonly #head = new Uint8Array(headerBytes);
  #headFill = 0;
  #body: Bytes = new Uint8Array(0);
  /** What bodies are parts of; it grows to the longest so far. */
  #room: Bytes = new Uint8Array(0);
  #bodyFill = 0;
  #preambleFill = 0;
  #first = true;
  /** Bytes of payload that the frame at hand may have. */
  #limitBytes = 0;

  /** The transcript of all frames so far, 32 bytes. */
  get transcript(): Bytes {
    return this.#transcript.state;
  }

  /** True when a part of a frame has come, and its rest has not. */
  get isMidFrame(): boolean {
    return this.#headFill > 0;
  }

  /**
   * The frames that these bytes complete. Nothing of `block` is kept; a frame is to be used before
   * the next.
   *
   * @throws BAD_FRAME for a foreign stream or an unknown frame, LIMIT for one that is too large,
   *   CORRUPT when its check is wrong, BAD_MESSAGE when it does not decompress
   */
  *read(block: Bytes): Generator<Frame> {
    let at = this.#readPreamble(block);
    for (;;) {
      if (this.#headFill < headerBytes) {
        at += this.#fillHead(block, at);
        if (this.#headFill < headerBytes) return;
        this.#body = this.#makeRoom(this.#checkedLength());
        this.#bodyFill = 0;
      }
      const taken = Math.min(this.#body.length - this.#bodyFill, block.length - at);
      this.#body.set(block.subarray(at, at + taken), this.#bodyFill);
      this.#bodyFill += taken;
      at += taken;
      if (this.#bodyFill < this.#body.length) return;
      this.#headFill = 0;
      const frame = this.#complete();
      if (frame !== undefined) yield frame;
    }
  }

  #makeRoom(length: number): Bytes {
    if (length > this.#room.length) this.#room = new Uint8Array(length);
    return this.#room.subarray(0, length);
  }

  #readPreamble(block: Bytes): number {
    let at = 0;
    while (this.#preambleFill < preamble.length && at < block.length) {
      if (block[at] !== preamble[this.#preambleFill]) {
        throw new SyncError("BAD_FRAME", describeForeign(block.subarray(at), this.#preambleFill));
      }
      at += 1;
      this.#preambleFill += 1;
    }
    return at;
  }

  #fillHead(block: Bytes, at: number): number {
    const taken = Math.min(headerBytes - this.#headFill, block.length - at);
    this.#head.set(block.subarray(at, at + taken), this.#headFill);
    this.#headFill += taken;
    return taken;
  }

  #checkedLength(): number {
    const code = (this.#head[0] ?? 0) & typeMask;
    const small = this.#first || code === frameTypes.ERROR || code === frameTypes.HELLO;
    this.#limitBytes = small ? sessionLimits.helloBytes : sessionLimits.frameBytes;
    return this.#within(getU24(this.#head, 1));
  }

  /** Passes on a length of the payload, as it travels or decoded. @throws LIMIT */
  #within(length: number): number {
    const limit = this.#limitBytes;
    if (length > limit) {
      throw new SyncError("LIMIT", `a frame of ${length} bytes is above the limit of ${limit}`, {
        detail: { actual: length, limit },
      });
    }
    return length;
  }

  #complete(): Frame | undefined {
    const transcript = this.#transcript.state;
    const check = this.#transcript.next(this.#head, this.#body);
    for (let i = 0; i < checkBytes; i++) {
      if (check[i] !== this.#head[4 + i])
        throw new SyncError("CORRUPT", "a frame was damaged, lost or repeated on the way");
    }
    this.#first = false;
    const code = this.#head[0] ?? 0;
    const type = names.get(code & typeMask);
    if (type === undefined) {
      if ((code & skippableFlag) !== 0) return undefined;
      throw new SyncError("BAD_FRAME", `unknown frame type 0x${(code & typeMask).toString(16)}`);
    }
    if ((code & skippableFlag) !== 0) throw new SyncError("BAD_FRAME", `a ${type} frame cannot be skipped`);
    const wireBytes = headerBytes + this.#body.length;
    const payload = this.#decoded(code);
    this.#context.add(code & typeMask, payload);
    return { type, payload, transcript, wireBytes };
  }

  #decoded(code: number): Bytes {
    if ((code & compressedFlag) === 0) return this.#body;
    if (this.#body.length < 3) throw new SyncError("BAD_FRAME", "a compressed frame is too short");
    const length = getU24(this.#body, 0);
    const isBrotli = (length & brotliFlag) !== 0;
    const size = this.#within(length & ~brotliFlag);
    const packed = this.#body.subarray(3);
    return isBrotli ? unbrotli(packed, size) : inflate(packed, size, this.#context.of(code & typeMask));
  }
}

function putU24(target: Bytes, at: number, value: number): void {
  target[at] = value >>> 16;
  target[at + 1] = value >>> 8;
  target[at + 2] = value;
}

function getU24(source: Bytes, at: number): number {
  return ((source[at] ?? 0) << 16) | ((source[at + 1] ?? 0) << 8) | (source[at + 2] ?? 0);
}
