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

  text(): string {
    const value = this.#take();
    if (typeof value !== "string") throw new SyncError("BAD_MESSAGE", "a text of a message is missing");
    return value;
  }

  texts(): string[] {
    return this.#list((one) => typeof one === "string");
  }

  counts(): number[] {
    return this.#list((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  }

  /** A name that may be written as its number among these; `#7` for a number that has no name. */
  name(names: readonly string[]): string {
    const value = this.#take();
    if (!isName(value)) throw new SyncError("BAD_MESSAGE", "a name of a message is missing");
    return nameOf(value, names);
  }

  /** A list of such names. */
  names(names: readonly string[]): string[] {
    return this.#list<number | string>(isName).map((value) => nameOf(value, names));
  }

  #list<Member>(isMember: (one: unknown) => boolean): Member[] {
    const value = this.#take();
    if (!Array.isArray(value) || !value.every(isMember))
      throw new SyncError("BAD_MESSAGE", "a list is missing from a message");
    return value as Member[];
  }

  bytes(length: number): Bytes {
    const value = this.#take();
    if (!(value instanceof Uint8Array) || value.length !== length) {
      throw new SyncError("BAD_MESSAGE", `${length} bytes are missing from a message`);
    }
    return Uint8Array.from(value);
  }

  /** Bytes that a message need not have. */
  bytesIfAny(limit: number): Bytes | undefined {
    const value = this.#take();
    if (value === undefined) return undefined;
    if (!(value instanceof Uint8Array) || value.length > limit)
      throw new SyncError("BAD_MESSAGE", "bytes of a message are too many, or none");
    return Uint8Array.from(value);
  }

  /** One of these names, which may be written as its number among them. @throws UNSUPPORTED */
  oneOf<const T extends string>(allowed: readonly T[]): T {
    const value = this.name(allowed);
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw new SyncError("UNSUPPORTED", `"${escaped(value)}" is not known here`);
    return found;
  }

  #take(): unknown {
    return this.#members[this.#next++];
  }
}

function isName(value: unknown): value is number | string {
  return typeof value === "string" || (Number.isSafeInteger(value) && Number(value) >= 0);
}

function nameOf(value: number | string, names: readonly string[]): string {
  return typeof value === "string" ? value : (names[value] ?? `#${value}`);
}

/** A peer's text may be printed: control characters and direction overrides become `?`. */
export function escaped(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
}
