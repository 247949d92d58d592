import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ByteChannel } from "./channel.ts";
import { TimedBell } from "../bytes/timed-bell.ts";
import { TurnIncoming } from "./turn-incoming.ts";
import { TurnOutgoing } from "./turn-outgoing.ts";
import { turnLimits } from "./turns.ts";

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
  readonly #words = new TimedBell();
  readonly #incoming = new TurnIncoming((reason) => this.abort(reason));
  readonly #outgoing = new TurnOutgoing(this.#words);
  #idle: ReturnType<typeof setTimeout> | undefined;
  #saying: Saying | undefined;
  #givingTurn = 0;
  #theirsEnded = false;
  #givenTo = 0;
  #over: SyncError | undefined;

  constructor(options: TurnSessionOptions) {
    this.#options = options;
    this.touch();
  }

  /** True when there is nothing left to say or to hear. */
  get isDone(): boolean {
    return this.#outgoing.isDelivered && this.#theirsEnded;
  }

  read(): AsyncIterable<Bytes> {
    return this.#incoming.read();
  }

  async write(bytes: Bytes): Promise<void> {
    await this.#outgoing.write(bytes);
  }

  async end(): Promise<void> {
    await this.#outgoing.finish();
  }

  abort(reason: unknown): void {
    this.#incoming.abort(reason);
    this.#outgoing.break(reason);
    this.#finish(new SyncError("PEER_GONE", "the session is over"));
  }

  /** The client leaves: in peace when all is said, otherwise it broke the session off. */
  lose(error: SyncError): void {
    this.#incoming.fail(error);
    if (!this.#outgoing.isDelivered) this.#outgoing.break(error);
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
    await this.#incoming.waitForRoom(this.#options.waitMs);
    this.#check();
    if (!this.#incoming.isFull) await this.#takeAll(saying);
    if (this.#saying === saying) this.#saying = undefined;
    const { receivedBytes } = this.#incoming;
    if (saying.end === receivedBytes) {
      this.#theirsEnded = true;
      this.#incoming.end();
    }
    return receivedBytes;
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
    if (at < this.#outgoing.start || at > this.#givenTo) throw misplaced();
    this.#outgoing.confirm(at);
    const turn = ++this.#givingTurn;
    this.#words.ring();
    if (!this.#hasWords) await this.#words.wait(this.#options.waitMs);
    if (!this.#isFilled) await new Promise((resolve) => setTimeout(resolve)); // what is written in one go leaves as one
    this.#check();
    if (turn !== this.#givingTurn) return { bytes: new Uint8Array(0), end: undefined };
    const bytes = this.#outgoing.head(turnLimits.turnBytes);
    this.#givenTo = Math.max(this.#givenTo, at + bytes.length);
    return { bytes, end: this.#outgoing.hasEnd ? this.#outgoing.end : undefined };
  }

  /** Words were handed to the system. */
  given({ end }: Words): void {
    if (end !== undefined && this.#givenTo >= end) this.#outgoing.deliver();
  }

  /** Nobody waits for words any more. */
  stopGiving(): void {
    this.#words.ring();
  }

  get #hasWords(): boolean {
    const { hasEnd, start, end } = this.#outgoing;
    return hasEnd || end > start;
  }

  get #isFilled(): boolean {
    const { hasEnd, start, end } = this.#outgoing;
    return hasEnd || end - start >= turnLimits.turnBytes;
  }

  #add(position: number, bytes: Bytes): void {
    const { receivedBytes } = this.#incoming;
    if (position > receivedBytes) throw misplaced();
    const fresh = bytes.subarray(receivedBytes - position);
    if (fresh.length === 0) return;
    if (this.#theirsEnded) throw misplaced();
    this.#incoming.push(fresh);
  }

  #check(): void {
    if (this.#over) throw this.#over;
  }

  #finish(error: SyncError): void {
    if (this.#over) return;
    this.#over = error;
    clearTimeout(this.#idle);
    this.#saying?.cancel();
    this.#incoming.wake();
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
