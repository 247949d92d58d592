import { Packr } from "msgpackr";

import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Encodes a tuple; no records, no extensions. */
export function encodeTuple(members: readonly unknown[]): Bytes {
  return packr.pack(members);
}

/**
 * One decoded tuple with checked access to its members; more members than asked for are ignored.
 */
export class Tuple {
  readonly #members: readonly unknown[];
  #next = 0;

  constructor(payload: Bytes) {
    let value: unknown;
    try {
      value = packr.unpack(payload);
    } catch (cause) {
      throw new SyncError("BAD_MESSAGE", "a message is not well formed", { cause });
    }
    if (!Array.isArray(value)) throw new SyncError("BAD_MESSAGE", "a message is not a tuple");
    this.#members = value;
  }

  count(limit = Number.MAX_SAFE_INTEGER): number {
    const value = this.#take();
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > limit) {
      throw new SyncError("BAD_MESSAGE", "a number of a message is missing or out of range");
    }
    return value;
  }

  /** A count that is divided by or waited for: nothing would ever fit into zero. */
  positive(): number {
    const value = this.count();
    if (value === 0) throw new SyncError("BAD_MESSAGE", "a number of a message is zero");
    return value;
  }

  text(): string {
    const value = this.#take();
    if (typeof value !== "string") throw new SyncError("BAD_MESSAGE", "a text of a message is missing");
    return value;
  }

  texts(): string[] {
    const value = this.#take();
    if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) {
      throw new SyncError("BAD_MESSAGE", "a list of texts is missing from a message");
    }
    return value;
  }

  bytes(length: number): Bytes {
    const value = this.#take();
    if (!(value instanceof Uint8Array) || value.length !== length) {
      throw new SyncError("BAD_MESSAGE", `${length} bytes are missing from a message`);
    }
    return Uint8Array.from(value);
  }

  oneOf<const T extends string>(allowed: readonly T[]): T {
    const value = this.text();
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw new SyncError("UNSUPPORTED", `"${escaped(value)}" is not known here`);
    return found;
  }

  #take(): unknown {
    return this.#members[this.#next++];
  }
}

/** A peer's text may be printed: control characters and direction overrides become `?`. */
export function escaped(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
}
