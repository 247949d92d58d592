import { ByteReader } from "../bytes/cursor.ts";
import type { Bytes } from "../types.ts";
import { encodeCounts } from "./closing.ts";

/** What a PING says (docs/protocol.md §8). */
export interface Ping {
  /** Bytes that have come from the other end so far. */
  readonly heardBytes: number;
  /** Milliseconds of silence that the end bears, where that is less than usual. */
  readonly bornMs?: number;
}

/** Encodes a PING payload. */
export function encodePing({ heardBytes, bornMs }: Ping): Bytes {
  return bornMs === undefined ? encodeCounts(heardBytes) : encodeCounts(heardBytes, bornMs);
}

/** Decodes a PING payload. @throws BAD_MESSAGE */
export function decodePing(payload: Bytes): Ping {
  const input = new ByteReader(payload);
  const heardBytes = input.uvarint();
  const bornMs = input.remaining > 0 ? input.uvarint() : undefined;
  input.end();
  return bornMs === undefined ? { heardBytes } : { heardBytes, bornMs };
}
