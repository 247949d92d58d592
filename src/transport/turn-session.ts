import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ByteChannel } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { TimedBell } from "../bytes/timed-bell.ts";
import { turnLimits, UnconfirmedBytes } from "./turns.ts";
import { WriteGate } from "./write-gate.ts";

/** How long a session in turns waits, and whom it tells of its end. */
interface TurnSessionOptions {
  readonly waitMs: number;
  readonly idleMs: number;
  /** Called once, when nothing more will be asked of it. */
  readonly onOver: () => void;
}

/** What a client says in one request. */
interface Saying {
  /** Where in its direction the first byte stands. */
  readonly at: number;
  /** How long its direction is in all, if that is known. */
  readonly end: number | undefined;
  readonly bytes: AsyncIterable<Bytes>;
  /** Ends the request: nobody waits for its answer any more. */
  cancel(): void;
}

/** What the answer to a listening client says. */
export interface Words {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How long the direction is in all, once that is known. */
  readonly end: number | undefined;
}

/**
 * The server's end of a session in turns. Positions make it the same whether a request comes once
 * or twice.
 */
export class TurnSession implements ByteChannel {
  readonly copiesWrites = true;
  readonly #options: TurnSessionOptions;
  readonly #inbox: Inbox;
  readonly #gate = new WriteGate();
  readonly #unconfirmed = new UnconfirmedBytes();
  readonly #room = new TimedBell();
  readonly #words = new TimedBell();
  #idle: ReturnType<typeof setTimeout> | undefined;
  #saying: Saying | undefined;
  #givingTurn = 0;
  #receivedBytes = 0;
  #full = false;
  #theirsEnded = false;
  #givenTo = 0;
  #ended = false;
  #delivered = false;
  #over: SyncError | undefined;

  constructor(options: TurnSessionOptions) {
    this.#options = options;
    this.#inbox = new Inbox({
      fullBytes: turnLimits.turnBytes,
      onRoom: () => {
        this.#full = false;
        this.#room.ring();
      },
      onLeave: (reason) => this.abort(reason),
    });
    this.touch();
  }

  /** True when there is nothing left to say or to hear. */
  get isDone(): boolean {
    return this.#delivered && this.#theirsEnded;
  }

  read(): AsyncIterable<Bytes> {
    return this.#inbox.read();
  }

  async write(bytes: Bytes): Promise<void> {
    this.#gate.enter();
    for (let at = 0; ;) {
      at += this.#unconfirmed.append(bytes.subarray(at));
      this.#words.ring();
      if (at === bytes.length) return;
      await this.#gate.wait();
    }
  }

  async end(): Promise<void> {
    if (!this.#gate.end()) return;
    this.#ended = true;
    this.#words.ring();
    while (!this.#delivered) await this.#gate.wait();
  }

  abort(reason: unknown): void {
    this.#inbox.abort(reason);
    this.#gate.break(reason);
    this.#finish(new SyncError("PEER_GONE", "the session is over"));
  }

  /** The client leaves: in peace when all is said, otherwise it broke the session off. */
  lose(error: SyncError): void {
    this.#inbox.fail(error);
    if (!this.#delivered) this.#gate.break(error);
    this.#finish(error);
  }

  /** The client gave a sign of life. */
  touch(): void {
    clearTimeout(this.#idle);
    if (this.#over) return;
    const { idleMs } = this.#options;
    const gone = (): void => this.lose(new SyncError("PEER_GONE", `nothing was asked for ${idleMs} ms`));
    this.#idle = setTimeout(gone, idleMs);
  }

  /**
   * Takes what the client says, once there is room. A newer request takes the place of an older
   * one.
   *
   * @returns how many bytes of its direction are here
   * @throws BAD_MESSAGE, LIMIT, or PEER_GONE when the session is over
   */
  async take(saying: Saying): Promise<number> {
    this.#check();
    this.#saying?.cancel();
    this.#saying = saying;
    if (this.#full) await this.#room.wait(this.#options.waitMs);
    this.#check();
    if (!this.#full) await this.#takeAll(saying);
    if (this.#saying === saying) this.#saying = undefined;
    if (saying.end === this.#receivedBytes) {
      this.#theirsEnded = true;
      this.#inbox.end();
    }
    return this.#receivedBytes;
  }

  async #takeAll(saying: Saying): Promise<void> {
    let position = saying.at;
    for await (const bytes of saying.bytes) {
      if (this.#saying !== saying) throw new SyncError("BAD_MESSAGE", "a newer request took its place");
      this.touch();
      this.#add(position, bytes);
      position += bytes.length;
      if (position - saying.at > turnLimits.turnBytes) throw tooLong(position - saying.at);
    }
  }

  /**
   * Gives what there is to say from a position on, once there is something, or nothing after a
   * while. All before the position is confirmed by it.
   *
   * @throws BAD_MESSAGE, or PEER_GONE when the session is over
   */
  async give(at: number): Promise<Words> {
    this.#check();
    if (at < this.#unconfirmed.start || at > this.#givenTo) throw misplaced();
    this.#unconfirmed.confirm(at);
    this.#gate.open();
    const turn = ++this.#givingTurn;
    this.#words.ring();
    if (!this.#hasWords) await this.#words.wait(this.#options.waitMs);
    if (!this.#isFilled) await new Promise((resolve) => setTimeout(resolve)); // what is written in one go leaves as one
    this.#check();
    if (turn !== this.#givingTurn) return { bytes: new Uint8Array(0), end: undefined };
    const bytes = this.#unconfirmed.head(turnLimits.turnBytes);
    this.#givenTo = Math.max(this.#givenTo, at + bytes.length);
    return { bytes, end: this.#ended ? this.#unconfirmed.end : undefined };
  }

  /** Words were handed to the system. */
  given({ end }: Words): void {
    if (end === undefined || this.#givenTo < end) return;
    this.#delivered = true;
    this.#gate.open();
  }

  /** Nobody waits for words any more. */
  stopGiving(): void {
    this.#words.ring();
  }

  get #hasWords(): boolean {
    return this.#ended || this.#unconfirmed.end > this.#unconfirmed.start;
  }

  get #isFilled(): boolean {
    return this.#ended || this.#unconfirmed.end - this.#unconfirmed.start >= turnLimits.turnBytes;
  }

  #add(position: number, bytes: Bytes): void {
    if (position > this.#receivedBytes) throw misplaced();
    const fresh = bytes.subarray(this.#receivedBytes - position);
    if (fresh.length === 0) return;
    if (this.#theirsEnded) throw misplaced();
    this.#receivedBytes += fresh.length;
    if (!this.#inbox.push(fresh)) this.#full = true;
  }

  #check(): void {
    if (this.#over) throw this.#over;
  }

  #finish(error: SyncError): void {
    if (this.#over) return;
    this.#over = error;
    clearTimeout(this.#idle);
    this.#saying?.cancel();
    this.#room.ring();
    this.#words.ring();
    this.#options.onOver();
  }
}

function misplaced(): SyncError {
  return new SyncError("BAD_MESSAGE", "not the position where this direction is");
}

function tooLong(actual: number): SyncError {
  const detail = { limit: turnLimits.turnBytes, actual };
  return new SyncError("LIMIT", "a request body too long", { detail });
}
