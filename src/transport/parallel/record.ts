import type { ExactReader } from "../../bytes/exact-reader.ts";
import { putUvarint, uvarintBytes } from "../../bytes/varint.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { parallelLimits } from "./parallel-limits.ts";

/** What the connections of a group carry: docs/parallel.md. */
export type GroupRecord =
  | {
      readonly type: "data";
      /** Its place in the stream, from 0. */
      readonly number: number;
      readonly bytes: Bytes;
    }
  | {
      readonly type: "taken";
      /** All records below this have arrived. */
      readonly arrivedCount: number;
      /** Only records below this may be sent. */
      readonly limit: number;
      /** Data records that have come over this connection. */
      readonly hereCount: number;
    }
  | {
      readonly type: "end";
      /** How many records the stream has. */
      readonly count: number;
    };

const typeCodes = { data: 0, taken: 1, end: 2 } as const;

/** The longest header of a data record: its type and two numbers. */
const headerRoom = 1 + 8 + 3;

/** A data record that is not full yet. It is sent in the same memory it was collected in. */
export class OpenRecord {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #end = headerRoom;

  /** @param capacity bytes of the stream it has room for, 1 to `groupRecordBytes` */
  constructor(capacity: number) {
    this.#buffer = new Uint8Array(headerRoom + capacity);
  }

  /** Bytes that still fit in. */
  get room(): number {
    return this.#buffer.length - this.#end;
  }

  /** Copies bytes that fit in. */
  add(bytes: Bytes): void {
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The record as it is sent. Nothing may be added afterwards. */
  seal(number: number): Bytes {
    const length = this.#end - headerRoom;
    const from = headerRoom - 1 - uvarintBytes(number) - uvarintBytes(length);
    this.#buffer[from] = typeCodes.data;
    putUvarint(length, this.#buffer, putUvarint(number, this.#buffer, from + 1));
    return this.#buffer.subarray(from, this.#end);
  }
}

/** A record that says how far the other direction has come. */
export function encodeTaken(arrivedCount: number, limit: number, hereCount: number): Bytes {
  return encode(typeCodes.taken, arrivedCount, limit, hereCount);
}

/** The last record of a direction. */
export function encodeEnd(count: number): Bytes {
  return encode(typeCodes.end, count);
}

function encode(type: number, ...numbers: readonly number[]): Bytes {
  const bytes = new Uint8Array(numbers.reduce((size, number) => size + uvarintBytes(number), 1));
  bytes[0] = type;
  let at = 1;
  for (const number of numbers) at = putUvarint(number, bytes, at);
  return bytes;
}

/**
 * The next record of a connection, or undefined where it ends between two.
 *
 * @throws BAD_MESSAGE for what is no record, TRUNCATED inside one
 */
export async function readRecord(reader: ExactReader): Promise<GroupRecord | undefined> {
  const type = reader.takeByte() ?? (await reader.readByte());
  if (type === undefined) return undefined;
  if (type === typeCodes.data) {
    const number = await readUvarint(reader);
    const length = await readUvarint(reader);
    if (length === 0 || length > parallelLimits.groupRecordBytes) throw bad("a record of a wrong length");
    return { type: "data", number, bytes: await reader.read(length) };
  }
  if (type === typeCodes.taken) {
    const arrivedCount = await readUvarint(reader);
    const limit = await readUvarint(reader);
    return { type: "taken", arrivedCount, limit, hereCount: await readUvarint(reader) };
  }
  if (type === typeCodes.end) return { type: "end", count: await readUvarint(reader) };
  throw bad("no record of a group of connections");
}

async function readUvarint(reader: ExactReader): Promise<number> {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = reader.takeByte() ?? (await reader.readByte());
    if (byte === undefined) throw new SyncError("TRUNCATED", "the connection ends inside a record");
    value += (byte & 0x7f) * scale;
    if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) throw bad("a number that is too large");
    if (byte < 0x80) return value;
  }
}

function bad(message: string): SyncError {
  return new SyncError("BAD_MESSAGE", message);
}
