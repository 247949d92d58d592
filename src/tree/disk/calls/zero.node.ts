import type { Bytes } from "../../../types.ts";

const zeros = Buffer.alloc(64 * 1024);

/** True when every byte is zero. */
export function isZero(bytes: Bytes): boolean {
  if (bytes[0] !== 0) return bytes.length === 0;
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const end = Math.min(bytes.length, at + zeros.length);
    if (zeros.compare(bytes, at, end, 0, end - at) !== 0) return false;
  }
  return true;
}
