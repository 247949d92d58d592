import { isSyncError, SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { ByteChannel } from "./channel.ts";
import { formatError } from "./refusal.ts";
import { sessionMediaType } from "./session-request.ts";
import { TimedBell } from "../bytes/timed-bell.ts";
import { isLost, isTooLong, type TurnLine } from "./turn-line.ts";
import { TurnIncoming } from "./turn-incoming.ts";
import { TurnOutgoing } from "./turn-outgoing.ts";
import { atHeader, endHeader, parsePosition, turnLimits } from "./turns.ts";

/** So long a server may take to hear that we leave, which nobody waits for. */
const leaveMs = 5000;

/**
 * The client's end of a session in turns: one request that says, and one that listens, at a time.
 */
export class TurnsChannel implements ByteChannel {
  readonly copiesWrites = true;
  readonly #urlAt: (at?: number) => string;
  readonly #up: TurnLine;
  readonly #down: TurnLine;
  readonly #leaving: TurnLine;
  readonly #work = new TimedBell();
  readonly #incoming = new TurnIncoming((reason) => this.abort(reason));
  readonly #outgoing = new TurnOutgoing(this.#work);
  #longestBytes: number = turnLimits.turnBytes;
  #turnBytes: number = turnLimits.turnStartBytes;
  #saidTo = 0;
  #downDone = false;
  #over = false;

  /**
   * @param urlAt where the session is asked for, and which position in a direction a request is
   *   about
   */
  constructor(urlAt: (at?: number) => string, line: (answerMs: number) => TurnLine) {
    this.#urlAt = urlAt;
    this.#up = line(turnLimits.turnAnswerMs);
    this.#down = line(turnLimits.turnAnswerMs);
    this.#leaving = line(leaveMs);
    const saying = this.#up.run(
      () => this.#say(),
      () => this.#outgoing.start,
    );
    const hearing = this.#down.run(
      () => this.#hear(),
      () => this.#incoming.receivedBytes,
    );
    Promise.all([saying, hearing]).then(
      () => this.#leave(),
      (thrown: SyncError) => this.#lose(thrown),
    );
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
    if (!this.#over) this.#leave(reason);
  }

  /**
   * Says what was written. When there is nothing for long, it lets the server know that we are
   * still there.
   */
  async #say(): Promise<boolean> {
    const { start, end, hasEnd, isDelivered } = this.#outgoing;
    const idle = start === end && isDelivered === hasEnd;
    if (idle && !this.#isDone) await this.#work.wait(turnLimits.turnWaitMs);
    if (this.#isDone) return false;
    await this.#sayOnce();
    return true;
  }

  async #sayOnce(): Promise<void> {
    const { start, end, hasEnd } = this.#outgoing;
    const body = this.#outgoing.head(this.#turnBytes);
    this.#saidTo = Math.max(this.#saidTo, start + body.length);
    const headers = { "Content-Type": sessionMediaType, ...(hasEnd && { [endHeader]: String(end) }) };
    const askedAt = performance.now();
    const said = await this.#up
      .ask({ method: "POST", url: this.#urlAt(start), headers, body })
      .catch((thrown: unknown) => this.#shorten(body.length, thrown));
    if (said === undefined) return;
    const taken = parsePosition(said.get(atHeader) ?? "");
    if (taken < start || taken > this.#saidTo) {
      throw new SyncError("BAD_MESSAGE", "the server confirms what was not said");
    }
    this.#outgoing.confirm(taken);
    if (body.length === this.#turnBytes) this.#lengthen(performance.now() - askedAt);
    if (hasEnd && taken === end) this.#outgoing.deliver();
  }

  /**
   * What a proxy collects before it passes it on is not seen to move: bodies grow while that takes
   * no time.
   */
  #lengthen(tookMs: number): void {
    if (tookMs > turnLimits.turnQuickMs) return;
    this.#turnBytes = Math.min(this.#longestBytes, this.#turnBytes * 2);
  }

  /**
   * Bodies that do not get through are made shorter: lines and proxies differ in what they take.
   */
  #shorten(size: number, thrown: unknown): undefined {
    const tooLong = isTooLong(thrown) && size > turnLimits.turnStartBytes;
    if (tooLong || isLost(thrown)) this.#turnBytes = Math.max(turnLimits.turnStartBytes, this.#turnBytes / 2);
    if (!tooLong) throw thrown;
    this.#longestBytes = this.#turnBytes;
  }

  /** Listens, until there is something to hear. */
  async #hear(): Promise<boolean> {
    while (this.#incoming.isFull && !this.#over) await this.#incoming.waitForRoom(turnLimits.turnWaitMs);
    const heard = await this.#down.ask({
      method: "GET",
      url: this.#urlAt(this.#incoming.receivedBytes),
      onBytes: (bytes) => this.#incoming.push(bytes),
    });
    const end = heard.get(endHeader);
    if (end === null || parsePosition(end) > this.#incoming.receivedBytes) return true;
    this.#downDone = true;
    this.#incoming.end();
    this.#work.ring();
    return false;
  }

  get #isDone(): boolean {
    return this.#outgoing.isDelivered && this.#downDone;
  }

  #lose(thrown: SyncError): void {
    if (this.#over) return;
    const error = isSyncError(thrown, "NOT_FOUND")
      ? new SyncError("PEER_GONE", "the server knows nothing of this session any more", { remote: true })
      : thrown;
    this.#incoming.fail(error);
    this.#outgoing.break(error);
    this.#leave(error);
  }

  /**
   * Ends all requests and lets the server free what it holds; whether it hears that is its own
   * affair.
   */
  #leave(reason?: unknown): void {
    this.#over = true;
    this.#up.cancel(reason);
    this.#down.cancel(reason);
    this.#work.ring();
    this.#incoming.wake();
    const why = isSyncError(reason) ? formatError(reason.code, reason.message) : undefined;
    const told = this.#leaving.ask({
      method: "DELETE",
      url: this.#urlAt(),
      ...(why !== undefined && {
        headers: { "Content-Type": "application/json" },
        body: new TextEncoder().encode(why),
      }),
    });
    told.catch(() => {});
  }
}
