import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Bytes } from "../types.ts";
import type { Answer, AnswerHeaders } from "./answer.ts";
import { bodilessStatuses } from "./http2-sessions.node.ts";

/** Bytes of a body that come before anybody takes it. */
const untakenBytes = 65_536;

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

/** Bytes of a body up to which parts are joined at the end; those of longer ones have a place. */
const joinedBytes = 65_536;

/** Who takes a body, part by part. */
interface Taker {
  take(part: Buffer): void;
  end(): void;
  fail(thrown: Error): void;
}

/** An answer whose body is taken while it comes. A stream is made of it only when asked for. */
export class PoolAnswer implements Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly #controller: Dispatcher.DispatchController;
  readonly #hasBody: boolean;
  #taker: Taker | undefined;
  /** What came before there was a taker. */
  #parts: Buffer[] = [];
  #waitingBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #body: ReadableStream<Uint8Array> | undefined;

  constructor(method: string, controller: Dispatcher.DispatchController, status: number, headers: Headers) {
    this.status = status;
    this.headers = headersOf(headers);
    this.#controller = controller;
    this.#hasBody = method !== "HEAD" && !bodilessStatuses.has(status) && headers["content-length"] !== "0";
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (!this.#hasBody) return null;
    this.#body ??= Readable.toWeb(this.stream()) as ReadableStream<Uint8Array>;
    return this.#body;
  }

  get bodyUsed(): boolean {
    return this.#taker !== undefined;
  }

  /** The next part of the body came. */
  take(part: Buffer): void {
    if (this.#taker) return this.#taker.take(part);
    this.#parts.push(part);
    this.#waitingBytes += part.length;
    if (this.#waitingBytes > untakenBytes) this.#controller.pause();
  }

  /** All of the body came. */
  end(): void {
    this.#ended = true;
    this.#taker?.end();
  }

  /** The body broke off. */
  fail(thrown: Error): void {
    this.#failure = thrown;
    this.#taker?.fail(thrown);
  }

  /** The body as a stream, whose end before its time ends the request. */
  stream(): Readable {
    const stream = new Readable({
      read: () => this.#controller.resume(),
      destroy: (thrown, done) => {
        if (!this.#ended && !this.#failure)
          this.#controller.abort(thrown ?? new Error("the rest is not wanted"));
        done(thrown);
      },
    });
    this.#give({
      take: (part) => void (stream.push(part) || this.#controller.pause()),
      end: () => void stream.push(null),
      fail: (thrown) => void stream.destroy(thrown),
    });
    return stream;
  }

  readonly takeBody = async (limitBytes: number, tooLong: () => Error): Promise<Bytes> => {
    if (!this.#hasBody) return new Uint8Array();
    return new Promise((resolve, reject) => {
      const saidBytes = Number(this.headers.get("content-length") ?? 0);
      const isLong = saidBytes > joinedBytes && saidBytes <= limitBytes;
      const whole = isLong ? new Uint8Array(saidBytes) : undefined;
      const parts: Buffer[] = [];
      let length = 0;
      this.#give({
        take: (part) => {
          length += part.length;
          if (length > limitBytes) {
            const thrown = tooLong();
            reject(thrown);
            this.#controller.abort(thrown);
          } else if (whole) whole.set(part, length - part.length);
          else parts.push(part);
        },
        end: () => resolve(whole ?? (parts.length === 1 ? parts[0]! : Buffer.concat(parts))),
        fail: reject,
      });
      this.#controller.resume();
    });
  };

  /** Gives what came, and what comes. @throws TypeError when somebody has it already */
  #give(taker: Taker): void {
    if (this.#taker) throw new TypeError("a body is taken once");
    this.#taker = taker;
    for (const part of this.#parts) taker.take(part);
    this.#parts = [];
    if (this.#failure) taker.fail(this.#failure);
    else if (this.#ended) taker.end();
  }
}

/** Headers as the client has joined them. */
function headersOf(headers: Headers): AnswerHeaders {
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  };
  return {
    get,
    has: (name) => get(name) !== null,
    *[Symbol.iterator]() {
      for (const name of Object.keys(headers)) yield [name, get(name)!];
    },
  };
}
