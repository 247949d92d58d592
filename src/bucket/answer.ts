import type { Bytes } from "../types.ts";

/** What a server answered, as far as stores look at it. A `Response` is one. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly bodyUsed: boolean;
  /**
   * Takes all of the body at once, where that costs less than the stream.
   *
   * @throws what `tooLong` makes when there is more than the limit, after which no more is read
   */
  readonly takeBody?: (limitBytes: number, tooLong: () => Error) => Promise<Bytes>;
}

/** Headers by their names, which are in lower case. */
export interface AnswerHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** A request as `fetch` takes it, or one whose body is that of an answer. */
export interface CallOptions extends RequestInit {
  /** Sent while it comes, once; for who `sendsAnswers`. */
  readonly answer?: Answer | undefined;
}

/** What makes requests. `fetch` is one. */
export interface Call {
  (url: string, init?: CallOptions): Promise<Answer>;
  /** True when the body of an answer that it gave can be that of a request. */
  readonly sendsAnswers?: true;
}
