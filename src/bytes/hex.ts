import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Two lower-case hex digits for each byte. */
export function toHex(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += pairs[byte];
  return text;
}

/**
 * The bytes that a text of hex digits, in either case, stands for.
 *
 * @throws BAD_MESSAGE when a digit is odd or missing
 */
export function fromHex(text: string): Bytes {
  if (text.length % 2 !== 0) throw new SyncError("BAD_MESSAGE", "odd number of hex digits");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i));
    const low = digit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) {
      throw new SyncError("BAD_MESSAGE", "not a hex digit", {
        detail: { offset: high < 0 ? 2 * i : 2 * i + 1 },
      });
    }
    bytes[i] = 16 * high + low;
  }
  return bytes;
}

function digit(charCode: number): number {
  if (charCode >= 0x30 && charCode <= 0x39) return charCode - 0x30;
  const lower = charCode | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
