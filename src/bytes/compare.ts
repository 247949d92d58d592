import type { Bytes } from "../types.ts";

/** Orders two runs as unsigned bytes, a prefix before what it begins: negative, 0 or positive. */
export function compareBytes(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** True when both runs hold the same bytes. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** True when bytes begin with these. */
export function beginsWith(bytes: Bytes, start: Bytes): boolean {
  return bytes.length >= start.length && start.every((byte, i) => byte === bytes[i]);
}

/** One new run made of all parts in order. */
export function concatBytes(parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
