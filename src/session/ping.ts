import { ByteReader } from "../bytes/cursor.ts";
import type { Bytes } from "../types.ts";
import { encodeCounts } from "./closing.ts";

/** What a PING says (docs/protocol.md §8). */
export interface Ping {
  /** Bytes that have come from the other end so far. */
  readonly heardBytes: number;
  /** The end's own `stallMs`, where that is less than usual. */
  readonly stallMs?: number;
}

/** Encodes a PING payload. */
export function encodePing({ heardBytes, stallMs }: Ping): Bytes {
  return stallMs === undefined ? encodeCounts(heardBytes) : encodeCounts(heardBytes, stallMs);
}

/** Decodes a PING payload. @throws BAD_MESSAGE */
export function decodePing(payload: Bytes): Ping {
  const input = new ByteReader(payload);
  const heardBytes = input.uvarint();
  const stallMs = input.remaining > 0 ? input.uvarint() : undefined;
  input.end();
  return stallMs === undefined ? { heardBytes } : { heardBytes, stallMs };
}
