import { concatBytes } from "../../src/bytes/compare.ts";
import type { Bytes } from "../../src/types.ts";
import { Mismatch } from "./check.ts";

/** One request or response. */
export interface HttpMessage {
  /** The first line, taken apart at its first two blanks. */
  readonly start: readonly string[];
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Bytes;
  /** Bytes of each part of a body in chunked coding, without the last. */
  readonly partSizes: readonly number[];
}

/**
 * Takes one side of a recorded HTTP/1.1 connection apart (RFC 9112), and accepts no other forms
 * than the grammar has.
 *
 * @param responses true for the server's side, where a body may end with the connection
 */
export function parseHttp(bytes: Bytes, responses: boolean): HttpMessage[] {
  const messages: HttpMessage[] = [];
  const reader = new LineReader(bytes);
  while (reader.remaining > 0) messages.push(readMessage(reader, responses));
  return messages;
}

function readMessage(reader: LineReader, isResponse: boolean): HttpMessage {
  const line = reader.line();
  const form = isResponse ? /^(HTTP\/1\.[01]) ([0-9]{3}) (.*)$/u : /^([A-Z]+) (\S+) (HTTP\/1\.[01])$/u;
  const start = form.exec(line)?.slice(1);
  if (start === undefined) throw new Mismatch(`HTTP: bad first line ${JSON.stringify(line)}`);
  const headers = readHeaders(reader);
  return { start, headers, ...readBody(reader, headers, isResponse) };
}

function readHeaders(reader: LineReader): Map<string, string> {
  const headers = new Map<string, string>();
  for (let line = reader.line(); line !== ""; line = reader.line()) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/u.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Mismatch(`HTTP: bad header ${JSON.stringify(line)}`);
    headers.set(name.toLowerCase(), value);
  }
  return headers;
}

function readBody(
  reader: LineReader,
  headers: ReadonlyMap<string, string>,
  isResponse: boolean,
): Pick<HttpMessage, "body" | "partSizes"> {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== undefined) {
    if (coding !== "chunked" || length !== undefined) throw new Mismatch(`HTTP: unknown body form ${coding}`);
    const parts = [...readParts(reader)];
    return { body: concatBytes(parts), partSizes: parts.map((part) => part.length) };
  }
  const size = length === undefined ? (isResponse ? reader.remaining : 0) : Number(length);
  return { body: reader.bytes(size), partSizes: [] };
}

function* readParts(reader: LineReader): Generator<Bytes> {
  for (;;) {
    const line = reader.line();
    if (!/^[0-9a-fA-F]{1,8}$/u.test(line)) throw new Mismatch(`HTTP: bad part size ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    const part = reader.bytes(size);
    if (reader.line() !== "") throw new Mismatch("HTTP: no line end behind a part");
    if (size === 0) return;
    yield part;
  }
}

class LineReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end <= this.#at || this.#bytes[end - 1] !== 0x0d)
      throw new Mismatch("HTTP: a line does not end in CR LF");
    const text = new TextDecoder("latin1").decode(this.#bytes.subarray(this.#at, end - 1));
    this.#at = end + 1;
    return text;
  }

  bytes(count: number): Bytes {
    if (!(count <= this.remaining)) throw new Mismatch(`HTTP: body of ${count} bytes is cut off`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}
